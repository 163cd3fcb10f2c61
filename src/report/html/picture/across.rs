//! The picture from left to right, for screens and paper.
use super::ink::{Area, BESIDE, beside, boxed, codes, height_of, letters, line_class, lines, mark_at, sheet};
use super::landscape::{Landscape, Place, Way};
use maud::{Markup, html};

const BOX: i32 = 214;
const INTERNET: i32 = 96;
const GAP: i32 = 150;
/// Between two boxes of one column.
const BETWEEN: i32 = 34;
/// What fits into a box, and onto a way.
const IN_BOX: usize = 26;
const ON_WAY: usize = 17;
/// Below everything, where mail goes back.
const LANE: i32 = 50;

pub(super) fn draw(landscape: &Landscape) -> Markup {
    let (areas, width, bottom) = areas(&landscape.places);
    let is_forward = |way: &&Way| landscape.places[way.to].layer > landscape.places[way.from].layer;
    let (forth, others): (Vec<&Way>, Vec<&Way>) = landscape.ways.iter().partition(is_forward);
    let lane = |nth: usize| bottom + 8 + LANE * (1 + i32::try_from(nth).unwrap_or(0));
    let ways = html! {
        @for way in forth { (forward(landscape, way, &areas)) }
        @for (nth, way) in others.iter().enumerate() { (back(landscape, way, &areas, lane(nth), nth)) }
    };
    let boxes = html! {
        @for (place, area) in landscape.places.iter().zip(&areas) {
            (boxed(place, *area, IN_BOX))
            @for (nth, one) in place.beside.iter().enumerate() {
                @let y = area.bottom() + 6 + (BESIDE + 6) * i32::try_from(nth).unwrap_or(0);
                (beside(one, Area { x: area.x + 18, y, width: area.width - 36, height: BESIDE }, 21))
            }
        }
    };
    let height = if others.is_empty() { bottom + 8 } else { lane(others.len() - 1) + 36 };
    // Ways that go back pass beside the last column.
    let width = if others.is_empty() { width } else { width + 12 + 6 * i32::try_from(others.len()).unwrap_or(0) };
    sheet("across", width, height, &html! { (ways) (boxes) })
}

fn block(place: &Place) -> i32 {
    height_of(place, IN_BOX).max(74) + (BESIDE + 6) * i32::try_from(place.beside.len()).unwrap_or(0)
}

/// Where each box is, and how wide and tall all of it is.
fn areas(places: &[Place]) -> (Vec<Area>, i32, i32) {
    let mut layers: Vec<usize> = places.iter().map(|place| place.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let of_layer = |layer: usize| places.iter().enumerate().filter(move |(_, place)| place.layer == layer);
    let tall = |layer: usize| of_layer(layer).map(|(_, place)| block(place) + BETWEEN).sum::<i32>() - BETWEEN;
    let tallest = layers.iter().map(|layer| tall(*layer)).max().unwrap_or(0);
    // What stands alone is level with its neighbours, whatever stands below it.
    let mut middle = tallest / 2;
    for place in places {
        middle = middle.min((tallest - block(place)) / 2 + height_of(place, IN_BOX).max(74) / 2);
    }
    let mut areas = vec![Area::default(); places.len()];
    let (mut x, mut bottom) = (2, tallest + 8);
    for layer in &layers {
        let width = if *layer == 0 { INTERNET } else { BOX };
        let mut y = 8 + (tallest - tall(*layer)) / 2;
        if let (Some((at, only)), None) = (of_layer(*layer).next(), of_layer(*layer).nth(1)) {
            let height = height_of(only, IN_BOX).max(74);
            y = 8 + (middle - height / 2).max(0);
            bottom = bottom.max(y + block(&places[at]));
        }
        for (at, place) in of_layer(*layer) {
            areas[at] = Area { x, y, width, height: height_of(place, IN_BOX).max(74) };
            y += block(place) + BETWEEN;
        }
        x += width + GAP;
    }
    (areas, x - GAP + 2, bottom + 8)
}

/// The place of `way` among those that leave or reach the same side of a box, as a height.
fn port(landscape: &Landscape, way: &Way, areas: &[Area], leaves: bool) -> i32 {
    let forward = |one: &&Way| landscape.places[one.to].layer > landscape.places[one.from].layer;
    let at = if leaves { way.from } else { way.to };
    let mut same: Vec<&Way> = landscape
        .ways
        .iter()
        .filter(forward)
        .filter(|one| if leaves { one.from == at } else { one.to == at })
        .collect();
    same.sort_by_key(|one| areas[if leaves { one.to } else { one.from }].y);
    let nth = same.iter().position(|one| std::ptr::eq(*one, way)).unwrap_or(0);
    let [nth, many] = [nth + 1, same.len() + 1].map(|number| i32::try_from(number).unwrap_or(1));
    areas[at].y + areas[at].height * nth / many
}

fn forward(landscape: &Landscape, way: &Way, areas: &[Area]) -> Markup {
    let (x1, x2) = (areas[way.from].right(), areas[way.to].x - 2);
    let (y1, y2) = (port(landscape, way, areas, true), port(landscape, way, areas, false));
    let leaving = landscape.ways.iter().filter(|one| one.from == way.from).count();
    let reaching = landscape.ways.iter().filter(|one| one.to == way.to).count();
    // It runs level where it is alone, and there it has its mark.
    let (line, level, middle) = match leaving >= reaching {
        true => (format!("M{x1} {y1}C{} {y1} {} {y2} {} {y2}H{x2}", x1 + 22, x1 + 22, x1 + 44), y2, (x1 + 30 + x2) / 2),
        false => {
            (format!("M{x1} {y1}H{}C{} {y1} {} {y2} {x2} {y2}", x2 - 44, x2 - 22, x2 - 22), y1, (x1 + x2 - 30) / 2)
        }
    };
    let middle = if y1 == y2 { i32::midpoint(x1, x2) } else { middle };
    html! {
        g class=(line_class(way.mark)) {
            path.line d=(line) {}
            path.tip d=(format!("M{x2} {y2}l-9 -5v10z")) {}
            (mark_at(way.mark, middle, level))
            (labels(landscape, way, middle, level))
        }
    }
}

fn labels(landscape: &Landscape, way: &Way, x: i32, y: i32) -> Markup {
    let words = lines(&way.words, ON_WAY, 3);
    let codes = codes(landscape, &way.findings);
    let below = |nth: usize| y + 26 + 14 * i32::try_from(nth).unwrap_or(0);
    html! {
        @if let Some(by) = &way.by {
            @let by = lines(by, ON_WAY + 3, 2);
            @for (nth, line) in by.iter().rev().enumerate() {
                (letters(x, y - 16 - 14 * i32::try_from(nth).unwrap_or(0), "by", line))
            }
        }
        @for (nth, line) in words.iter().enumerate() { (letters(x, below(nth), "words", line)) }
        @if !codes.is_empty() { (letters(x, below(words.len()), "code", &codes)) }
    }
}

/// Out of the box, down, below everything, and up again.
fn back(landscape: &Landscape, way: &Way, areas: &[Area], lane: i32, nth: usize) -> Markup {
    let (from, to) = (areas[way.from], areas[way.to]);
    // Beside the boxes, so that it passes none that stands below.
    let aside = 13 + 6 * i32::try_from(nth).unwrap_or(0);
    let (x1, x2) = (from.right() + aside, to.x - aside);
    let (y1, y2) = (from.bottom() - 12, to.bottom() - 12);
    let line = format!(
        "M{} {y1}H{}q8 0 8 8V{}q0 8 -8 8H{}q-8 0 -8 -8V{}q0 -8 8 -8H{}",
        from.right(),
        x1 - 8,
        lane - 8,
        x2 + 8,
        y2 + 8,
        to.x - 2
    );
    let (tip_x, middle) = (to.x - 2, i32::midpoint(x1, x2));
    let codes = codes(landscape, &way.findings);
    let mut words = way.words.clone();
    for more in [way.by.as_deref().unwrap_or_default(), &codes] {
        if !more.is_empty() {
            words.push_str(&format!(", {more}"));
        }
    }
    html! {
        g class=(line_class(way.mark)) {
            path.line d=(line) {}
            path.tip d=(format!("M{tip_x} {y2}l-9 -5v10z")) {}
            (mark_at(way.mark, middle, lane))
            (letters(middle, lane + 26, "words", &super::ink::cut(&words, 70)))
        }
    }
}
