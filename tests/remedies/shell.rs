//! As much of PowerShell as remedies and their scripts are written in, over a grammar of the language. What it does not
//! know it refuses.
use crate::value::{Argument, Call, Value};
use std::collections::BTreeMap;
use tree_sitter::{Node, Parser, Tree};

/// Who answers cmdlets that are not the shell's own.
pub trait Host {
    /// Every call of a cmdlet, the shell's own as well, and whether something comes down the pipeline to it.
    fn seen(&mut self, call: &Call, piped: bool);
    /// What `call` gives, or what it says instead, with what came down the pipeline to it.
    fn call(&mut self, call: &Call, input: Option<&Value>) -> Result<Vec<Value>, String>;
}

/// Why a script ended before its last line.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Return,
    /// A cmdlet's error, with `Stop` as what it means.
    Error(String),
    /// It is not in the part of the language that is known here.
    Refused(String),
}

type Done<T> = Result<T, Stop>;

fn refused<T>(what: impl Into<String>) -> Done<T> {
    Err(Stop::Refused(what.into()))
}

/// The grammar's reading of `source`.
pub fn parse(source: &str) -> Result<Tree, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("the grammar is of this version");
    let tree = parser.parse(source, None).expect("it has no time limit");
    if tree.root_node().has_error() {
        return Err(format!("no PowerShell: {}", tree.root_node().to_sexp()));
    }
    Ok(tree)
}

/// Every command below `node`, with the names of its parameters alone.
pub fn calls(node: Node, source: &str) -> Vec<Call> {
    let text = |node: &Node| source[node.byte_range()].to_string();
    let parts = named(node);
    let mut all = Vec::new();
    if let ("command", Some(name)) = (node.kind(), parts.first().filter(|one| one.kind() == "command_name")) {
        let elements = parts.iter().filter(|one| one.kind() == "command_elements").flat_map(|one| named(*one));
        let parameters = elements.filter(|one| one.kind() == "command_parameter");
        let arguments = parameters.map(|one| Argument::Named(text(&one).trim_start_matches('-').into())).collect();
        all.push(Call { name: text(name), arguments });
    }
    all.extend(parts.into_iter().flat_map(|part| calls(part, source)));
    all
}

/// A running shell.
pub struct Shell<'t, 'h> {
    source: &'t str,
    host: &'h mut dyn Host,
    scopes: Vec<BTreeMap<String, Value>>,
    functions: BTreeMap<String, Node<'t>>,
    blocks: Vec<Node<'t>>,
    /// The files that it reads and writes.
    pub files: BTreeMap<String, String>,
    /// What it printed, and the errors that did not end it.
    pub said: Vec<String>,
}

impl<'t, 'h> Shell<'t, 'h> {
    /// A shell for `source`, which is the file `path`.
    pub fn new(source: &'t str, path: &str, host: &'h mut dyn Host) -> Self {
        let mine = Value::Object(BTreeMap::from([("path".into(), Value::Text(path.into()))]));
        let invocation = Value::Object(BTreeMap::from([("mycommand".into(), mine)]));
        Self {
            source,
            host,
            scopes: vec![BTreeMap::from([("myinvocation".into(), invocation)])],
            functions: BTreeMap::new(),
            blocks: Vec::new(),
            files: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    /// Runs `tree`, the reading of its source, with `arguments` for its parameters.
    pub fn run(&mut self, tree: &'t Tree, arguments: &[(&str, Value)]) -> Done<Vec<Value>> {
        for (name, value) in arguments {
            self.scopes[0].insert(name.to_lowercase(), value.clone());
        }
        match self.statements(tree.root_node()) {
            Err(Stop::Return) => Ok(Vec::new()),
            done => done,
        }
    }

    fn text(&self, node: Node) -> &'t str {
        &self.source[node.byte_range()]
    }

    fn statements(&mut self, node: Node<'t>) -> Done<Vec<Value>> {
        let mut all = Vec::new();
        for statement in named(node) {
            all.extend(self.statement(statement)?);
        }
        Ok(all)
    }

    fn statement(&mut self, node: Node<'t>) -> Done<Vec<Value>> {
        match node.kind() {
            "statement_list" | "script_block_body" | "script_block" | "statement_block" => self.statements(node),
            "empty_statement" | "comment" => Ok(Vec::new()),
            "param_block" => {
                for parameter in named(node).into_iter().filter(|one| one.kind() == "parameter_list").flat_map(named) {
                    self.parameter(parameter)?;
                }
                Ok(Vec::new())
            }
            "pipeline" => match named(node)[..] {
                [chain] if chain.kind() == "pipeline_chain" => self.chain(chain),
                [assignment] if assignment.kind() == "assignment_expression" => self.assignment(assignment),
                _ => refused(self.text(node)),
            },
            "if_statement" => self.choice(node),
            "foreach_statement" => {
                let [variable, list, body] = named(node)[..] else { return refused(self.text(node)) };
                let name = self.text(variable).trim_start_matches('$').to_lowercase();
                let mut all = Vec::new();
                for value in self.statement(list)? {
                    self.scope().insert(name.clone(), value);
                    all.extend(self.statement(body)?);
                }
                Ok(all)
            }
            "try_statement" => {
                let [body, rest @ ..] = &named(node)[..] else { return refused(self.text(node)) };
                let done = self.statement(*body);
                for clause in rest {
                    match clause.kind() {
                        "finally_clause" => self.statements(*clause)?,
                        _ => return refused(self.text(*clause)),
                    };
                }
                done
            }
            "function_statement" => {
                let Some(name) = named(node).into_iter().find(|one| one.kind() == "function_name") else {
                    return refused(self.text(node));
                };
                self.functions.insert(self.text(name).to_lowercase(), node);
                Ok(Vec::new())
            }
            "flow_control_statement" if self.text(node).starts_with("throw ") => {
                let [thrown] = named(node)[..] else { return refused(self.text(node)) };
                Err(Stop::Error(one(self.statement(thrown)?).text()))
            }
            "flow_control_statement" if self.text(node) == "return" => Err(Stop::Return),
            _ => refused(format!("{}: {}", node.kind(), self.text(node))),
        }
    }

    /// A parameter of the script: its value, where it was given none.
    fn parameter(&mut self, node: Node<'t>) -> Done<()> {
        let (name, default) = self.declared(node)?;
        if !self.scope().contains_key(&name) {
            let value = default.map_or(Ok(Value::Null), |default| self.value(default))?;
            self.scope().insert(name, value);
        }
        Ok(())
    }

    /// The name of a parameter, and what it is where it is not given.
    fn declared(&self, node: Node<'t>) -> Done<(String, Option<Node<'t>>)> {
        let mut name = None;
        let mut default = None;
        for part in named(node) {
            match part.kind() {
                "variable" => name = Some(self.text(part).trim_start_matches('$').to_lowercase()),
                "script_parameter_default" => default = named(part).first().copied(),
                "attribute_list" => {}
                _ => return refused(self.text(node)),
            }
        }
        name.map(|name| (name, default)).ok_or_else(|| Stop::Refused(self.text(node).into()))
    }

    fn choice(&mut self, node: Node<'t>) -> Done<Vec<Value>> {
        let [condition, then, rest @ ..] = &named(node)[..] else { return refused(self.text(node)) };
        let truth = one(self.statement(*condition)?).is_true();
        match rest {
            _ if truth => self.statement(*then),
            [] => Ok(Vec::new()),
            [otherwise] if otherwise.kind() == "else_clause" => self.statements(*otherwise),
            _ => refused(self.text(node)),
        }
    }

    fn assignment(&mut self, node: Node<'t>) -> Done<Vec<Value>> {
        let [left, operator, right] = named(node)[..] else { return refused(self.text(node)) };
        let variable = self.text(left).trim();
        let Some(name) = variable.strip_prefix('$').filter(|_| self.text(operator) == "=") else {
            return refused(self.text(node));
        };
        let value = one(self.statement(right)?);
        match name.to_lowercase().strip_prefix("script:") {
            Some(name) => self.scopes[0].insert(name.into(), value),
            None => self.scope().insert(name.to_lowercase(), value),
        };
        Ok(Vec::new())
    }

    fn scope(&mut self) -> &mut BTreeMap<String, Value> {
        self.scopes.last_mut().expect("the script's own is always there")
    }

    fn chain(&mut self, node: Node<'t>) -> Done<Vec<Value>> {
        let mut input: Option<Vec<Value>> = None;
        for part in named(node) {
            let given = match part.kind() {
                "command" => self.command(part, input.take())?,
                _ if input.is_none() => match self.value(part)? {
                    Value::List(all) => all,
                    Value::Null => Vec::new(),
                    value => vec![value],
                },
                _ => return refused(self.text(node)),
            };
            input = Some(given);
        }
        Ok(input.unwrap_or_default())
    }

    fn command(&mut self, node: Node<'t>, input: Option<Vec<Value>>) -> Done<Vec<Value>> {
        let parts = named(node);
        let name = match &parts[..] {
            [name, ..] if name.kind() == "command_name" => self.text(*name),
            [call, expression, rest @ ..] if call.kind() == "command_invokation_operator" => {
                let given = rest.iter().any(|one| one.kind() == "command_elements" && !named(*one).is_empty());
                let Value::Block(block) = self.variable(self.text(*expression))? else {
                    return refused(self.text(node));
                };
                return if given || input.is_some() { refused(self.text(node)) } else { self.block(block, true) };
            }
            _ => return refused(self.text(node)),
        };
        let mut arguments = Vec::new();
        for part in &parts[1..] {
            match part.kind() {
                "command_elements" => arguments.extend(self.arguments(*part)?),
                _ => return refused(self.text(node)),
            }
        }
        let call = Call { name: name.into(), arguments };
        match self.functions.get(&name.to_lowercase()) {
            Some(function) => self.function(*function, &call),
            None => self.cmdlet(&call, input),
        }
    }

    fn arguments(&mut self, node: Node<'t>) -> Done<Vec<Argument>> {
        let mut all: Vec<Argument> = Vec::new();
        let (mut colon, mut comma) = (false, false);
        let mut cursor = node.walk();
        for part in node.children(&mut cursor) {
            let value = match part.kind() {
                "command_argument_sep" => {
                    colon |= self.text(part).trim() == ":";
                    continue;
                }
                "command_parameter" => {
                    all.push(Argument::Named(self.text(part).trim_start_matches('-').into()));
                    continue;
                }
                "," => {
                    comma = true;
                    continue;
                }
                "generic_token" => Value::Word(self.text(part).into()),
                // A method's arguments: of all methods, what is so many hours before now is known.
                "argument_list" => {
                    let before = part.prev_sibling().map(|one| self.text(one));
                    let hours = self.text(part).trim_matches(['(', ')']).parse::<i8>();
                    let (Some("(Get-Date).AddHours"), Ok(..0), Some(Argument::Value(_))) = (before, hours, all.pop())
                    else {
                        return refused(self.text(node));
                    };
                    Value::Text("2026-11-23T12:00:00".into())
                }
                _ if part.is_named() => self.value(part)?,
                _ => return refused(self.text(part)),
            };
            match all.last_mut() {
                Some(Argument::Value(before)) if comma => before.push(value),
                Some(Argument::Named(name)) if colon => {
                    let name = core::mem::take(name);
                    all.pop();
                    all.push(Argument::Set(name, value));
                }
                _ => all.push(Argument::Value(value)),
            }
            (colon, comma) = (false, false);
        }
        if colon || comma { refused(self.text(node)) } else { Ok(all) }
    }

    fn function(&mut self, node: Node<'t>, call: &Call) -> Done<Vec<Value>> {
        let parts = named(node);
        let find = |kind: &str| parts.iter().find(|part| part.kind() == kind).copied();
        let mut scope = BTreeMap::new();
        let mut given: Vec<Value> = Vec::new();
        let mut by_name: BTreeMap<String, Value> = BTreeMap::new();
        let mut arguments = call.arguments.iter();
        while let Some(argument) = arguments.next() {
            match (argument, argument) {
                (Argument::Value(value), _) => given.push(value.clone()),
                (Argument::Named(name), _) => match arguments.next() {
                    Some(Argument::Value(value)) => drop(by_name.insert(name.to_lowercase(), value.clone())),
                    _ => return refused(format!("{call:?}")),
                },
                _ => return refused(format!("{call:?}")),
            }
        }
        let mut given = given.into_iter();
        let declared = find("function_parameter_declaration").into_iter().flat_map(named).flat_map(named);
        for parameter in declared {
            let (name, default) = self.declared(parameter)?;
            let value = match (by_name.remove(&name).or_else(|| given.next()), default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.value(default)?,
                (None, None) => Value::Null,
            };
            scope.insert(name, value);
        }
        if !by_name.is_empty() {
            return refused(format!("{call:?}"));
        }
        let (None, Some(body)) = (given.next(), find("script_block")) else { return refused(format!("{call:?}")) };
        self.scopes.push(scope);
        let done = self.statement(body);
        self.scopes.pop();
        match done {
            Err(Stop::Return) => Ok(Vec::new()),
            done => done,
        }
    }

    fn block(&mut self, block: usize, scoped: bool) -> Done<Vec<Value>> {
        let node = self.blocks[block];
        if scoped {
            self.scopes.push(BTreeMap::new());
        }
        let done = self.statements(node);
        if scoped {
            self.scopes.pop();
        }
        done
    }

    /// Runs `block` for each of `input`, as `$_`.
    fn for_each(&mut self, call: &Call, input: Vec<Value>) -> Done<Vec<(Value, Vec<Value>)>> {
        let [Argument::Value(Value::Block(block))] = call.arguments[..] else { return refused(format!("{call:?}")) };
        let mut all = Vec::new();
        for value in input {
            self.scope().insert("_".into(), value.clone());
            all.push((value, self.block(block, false)?));
        }
        self.scope().remove("_");
        Ok(all)
    }

    fn cmdlet(&mut self, call: &Call, input: Option<Vec<Value>>) -> Done<Vec<Value>> {
        self.host.seen(call, input.is_some());
        let named = |name: &str| call.named(name);
        let first =
            || call.arguments.iter().find_map(|one| if let Argument::Value(it) = one { Some(it) } else { None });
        match &*call.name {
            "Where-Object" => {
                let all = self.for_each(call, input.unwrap_or_default())?;
                Ok(all.into_iter().filter(|(_, said)| one(said.clone()).is_true()).map(|(value, _)| value).collect())
            }
            "ForEach-Object" => {
                Ok(self.for_each(call, input.unwrap_or_default())?.into_iter().flat_map(|(_, given)| given).collect())
            }
            "Write-Host" => {
                self.said.push(first().map(Value::text).unwrap_or_default());
                Ok(Vec::new())
            }
            "Start-Transcript" | "Stop-Transcript" => Ok(Vec::new()),
            "Test-Path" => {
                let path = named("LiteralPath").map(Value::text);
                Ok(vec![Value::Bool(path.is_some_and(|path| self.files.contains_key(&path)))])
            }
            "Get-Content" => {
                let path = named("LiteralPath").or_else(first).map(Value::text).unwrap_or_default();
                let Some(text) = self.files.get(&path) else { return Err(Stop::Error(format!("no file {path}"))) };
                match named("Raw") {
                    Some(_) => Ok(vec![Value::Text(text.clone())]),
                    None => Ok(text.lines().map(|line| Value::Text(line.into())).collect()),
                }
            }
            "Add-Content" | "Set-Content" => {
                let (Some(path), Some(value)) = (named("LiteralPath"), named("Value")) else {
                    return refused(format!("{call:?}"));
                };
                let file = self.files.entry(path.text()).or_default();
                if call.name == "Set-Content" {
                    file.clear();
                }
                for line in value.all() {
                    *file += &format!("{}\n", line.text());
                }
                Ok(Vec::new())
            }
            "ConvertFrom-Json" => {
                let text: Vec<String> = input.unwrap_or_default().iter().map(Value::text).collect();
                let json: serde_json::Value =
                    serde_json::from_str(&text.join("\n")).map_err(|error| Stop::Error(error.to_string()))?;
                Ok(vec![Value::of_json(&json)])
            }
            _ => self.asked(call, input),
        }
    }

    /// A cmdlet of the host's, once for each that comes down the pipeline.
    fn asked(&mut self, call: &Call, input: Option<Vec<Value>>) -> Done<Vec<Value>> {
        let each: Vec<Option<Value>> = match input {
            None => vec![None],
            Some(all) => all.into_iter().map(Some).collect(),
        };
        let mut given = Vec::new();
        for input in each {
            match self.host.call(call, input.as_ref()) {
                Ok(values) => given.extend(values),
                Err(said) => {
                    let means = match call.named("ErrorAction") {
                        Some(action) => action.text(),
                        None => self.variable("$ErrorActionPreference")?.text(),
                    };
                    if means == "Stop" {
                        return Err(Stop::Error(said));
                    }
                    self.said.push(format!("error: {said}"));
                }
            }
        }
        Ok(given)
    }

    fn variable(&self, written: &str) -> Done<Value> {
        let name = written.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}').to_lowercase();
        Ok(match &*name {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => {
                let (name, scopes) = match name.strip_prefix("script:") {
                    Some(name) => (name, &self.scopes[..1]),
                    None => (&*name, &self.scopes[..]),
                };
                scopes.iter().rev().find_map(|scope| scope.get(name)).cloned().unwrap_or(Value::Null)
            }
        })
    }

    fn value(&mut self, node: Node<'t>) -> Done<Value> {
        let parts = named(node);
        match (node.kind(), &parts[..]) {
            (
                "logical_expression"
                | "bitwise_expression"
                | "comparison_expression"
                | "additive_expression"
                | "multiplicative_expression"
                | "format_expression"
                | "range_expression"
                | "array_literal_expression"
                | "unary_expression"
                | "string_literal"
                | "integer_literal"
                | "left_assignment_expression",
                [inner],
            ) => self.value(*inner),
            ("pipeline", _) => Ok(one(self.statement(node)?)),
            ("array_literal_expression", all) => {
                let all: Done<Vec<Value>> = all.iter().map(|part| self.value(*part)).collect();
                Ok(Value::List(all?))
            }
            ("parenthesized_expression", [inner]) => Ok(one(self.statement(*inner)?)),
            ("array_expression", _) => Ok(Value::List(self.statements(node)?)),
            ("logical_expression", [left, right]) => {
                let before = self.value(*left)?.is_true();
                match self.source[left.end_byte()..right.start_byte()].trim() {
                    "-and" => Ok(Value::Bool(before && self.value(*right)?.is_true())),
                    "-or" => Ok(Value::Bool(before || self.value(*right)?.is_true())),
                    other => refused(other),
                }
            }
            ("comparison_expression", [left, operator, right]) => {
                let (left, right) = (self.value(*left)?, self.value(*right)?);
                compare(&left, self.text(*operator), &right)
            }
            ("additive_expression", [left, right]) => match (self.value(*left)?, self.value(*right)?) {
                (Value::Number(left), Value::Number(right)) if self.text(node).contains('+') => {
                    Ok(Value::Number(left + right))
                }
                _ => refused(self.text(node)),
            },
            ("element_access", [of, index]) => match (self.value(*of)?, self.value(*index)?) {
                (of, Value::Number(index)) => {
                    Ok(usize::try_from(index).ok().and_then(|at| of.all().nth(at).cloned()).unwrap_or(Value::Null))
                }
                _ => refused(self.text(node)),
            },
            ("cast_expression", [kind, of]) if self.text(*kind) == "[int]" => match self.value(*of)?.text().parse() {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => Err(Stop::Error(format!("{} is no number", self.text(*of)))),
            },
            ("expression_with_unary_operator", [inner]) if inner.kind() == "cast_expression" => self.value(*inner),
            ("expression_with_unary_operator", [inner]) if self.text(node).starts_with("-not") => {
                Ok(Value::Bool(!self.value(*inner)?.is_true()))
            }
            ("verbatim_string_characters", _) => verbatim(self.text(node)).map(Value::Text).map_err(Stop::Refused),
            ("expandable_string_literal", parts) => {
                let inner = node.start_byte() + 1..node.end_byte() - 1;
                let (mut text, mut at) = (String::new(), inner.start);
                for part in parts {
                    if part.kind() != "variable" {
                        return refused(self.text(node));
                    }
                    text += &self.source[at..part.start_byte()];
                    text += &self.variable(self.text(*part))?.text();
                    at = part.end_byte();
                }
                text += &self.source[at..inner.end];
                if text.contains('`') { refused(text) } else { Ok(Value::Text(text)) }
            }
            ("decimal_integer_literal", _) => {
                self.text(node).parse().map(Value::Number).or_else(|_| refused(self.text(node)))
            }
            ("variable", _) => self.variable(self.text(node)),
            ("member_access", [of, member]) => {
                let of = self.value(*of)?;
                Ok(of.member(&self.text(*member).to_lowercase()))
            }
            ("script_block_expression", [block]) => {
                self.blocks.push(*block);
                Ok(Value::Block(self.blocks.len() - 1))
            }
            ("hash_literal_expression", bodies) => {
                let mut table = Vec::new();
                for entry in bodies.iter().flat_map(|body| named(*body)) {
                    let [key, value] = named(entry)[..] else { return refused(self.text(node)) };
                    table.push((self.text(key).to_string(), self.value(value)?));
                }
                Ok(Value::Table(table))
            }
            _ => refused(format!("{}: {}", node.kind(), self.text(node))),
        }
    }
}

fn named<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|one| one.kind() != "comment").collect()
}

/// What a pipeline gives, as one value.
fn one(mut given: Vec<Value>) -> Value {
    match given.len() {
        0 => Value::Null,
        1 => given.remove(0),
        _ => Value::List(given),
    }
}

/// The text in single quotes: any of PowerShell's five ends it, and two of them are one (about_Quoting_Rules).
fn verbatim(written: &str) -> Result<String, String> {
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
    let inner: Vec<char> = written.chars().collect();
    let Some([_, inner @ .., _]) = inner.get(..) else { return Err(format!("{written} is no string")) };
    let (mut text, mut rest) = (String::new(), inner);
    while let [c, after @ ..] = rest {
        text.push(*c);
        rest = match (is_quote(*c), after) {
            (false, _) => after,
            (true, [second, after @ ..]) if is_quote(*second) => after,
            (true, _) => return Err(format!("a quote ends {written} early")),
        };
    }
    Ok(text)
}

fn compare(left: &Value, operator: &str, right: &Value) -> Done<Value> {
    let same = |one: &Value, other: &Value| one.text().eq_ignore_ascii_case(&other.text());
    Ok(match &*operator.to_lowercase() {
        "-eq" => Value::Bool(same(left, right)),
        "-ne" => Value::Bool(!same(left, right)),
        "-gt" => match (left, right) {
            (Value::Number(left), Value::Number(right)) => Value::Bool(left > right),
            _ => return refused(format!("{left:?} -gt {right:?}")),
        },
        "-contains" => Value::Bool(left.all().any(|one| same(one, right))),
        "-notcontains" => Value::Bool(!left.all().any(|one| same(one, right))),
        "-split" => {
            let by = right.text();
            if by.is_empty() || by.contains(['\\', '*', '+', '?', '[', '(', '^', '$', '|', '.']) {
                return refused(format!("-split {right:?}"));
            }
            let texts: Vec<String> = left.all().map(Value::text).collect();
            Value::List(texts.iter().flat_map(|text| text.split(&*by)).map(|part| Value::Text(part.into())).collect())
        }
        "-like" | "-notlike" => {
            let pattern = right.text().to_lowercase();
            let Some(start) = pattern.strip_suffix('*').filter(|start| !start.contains(['*', '?', '[', '`'])) else {
                return refused(format!("-like {right:?}"));
            };
            Value::Bool(left.text().to_lowercase().starts_with(start) == operator.eq_ignore_ascii_case("-like"))
        }
        "-replace" => match right {
            Value::List(pair) if pair.len() == 2 => {
                Value::Text(replace(&left.text(), &pair[0].text(), &pair[1].text())?)
            }
            _ => return refused(format!("-replace {right:?}")),
        },
        _ => return refused(operator),
    })
}

/// `-replace` of a pattern that is plain but for escaped full stops and a `$` at its end.
fn replace(text: &str, pattern: &str, with: &str) -> Done<String> {
    let plain = pattern.replace("\\.", ".");
    let (plain, at_end) = plain.strip_suffix('$').map_or((&*plain, false), |plain| (plain, true));
    if plain.contains(['\\', '*', '+', '?', '[', '(', '^', '$', '|']) || pattern.replace("\\.", "").contains('.') {
        return refused(format!("the pattern {pattern}"));
    }
    if with.contains('$') {
        return refused(format!("the replacement {with}"));
    }
    Ok(match at_end {
        true => text.strip_suffix(plain).map_or_else(|| text.into(), |start| format!("{start}{with}")),
        false => text.replace(plain, with),
    })
}
