//! The picture from top to bottom, for narrow screens: the boxes one below the other, and what is to be said of a way above the
//! box that it leads to.
use super::ink::{Area, BESIDE, beside, boxed, codes, cut, height_of, letters, line_class, mark_at, sheet};
use super::landscape::{Landscape, Place, Way};
use maud::{Markup, html};

const WIDTH: i32 = 328;
/// The boxes leave room for ways at their sides.
const LEFT: i32 = 22;
const RIGHT: i32 = 306;
/// How tall the room of a way is that leads to a box.
const WAY: i32 = 52;
/// Where its line runs.
const STEM: i32 = 44;
const IN_BOX: usize = 36;
const ON_WAY: usize = 36;

/// A way with the height at which its words stand.
struct Row<'w> {
    way: &'w Way,
    y: i32,
}

pub(super) fn draw(landscape: &Landscape) -> Markup {
    let mut order: Vec<usize> = (0..landscape.places.len()).collect();
    order.sort_by_key(|at| (landscape.places[*at].layer, *at));
    let mut areas = vec![Area::default(); landscape.places.len()];
    let mut rows: Vec<Row> = Vec::new();
    let mut y = 4;
    for at in &order {
        let place = &landscape.places[*at];
        let (back, mut reaching): (Vec<&Way>, Vec<&Way>) =
            landscape.ways.iter().filter(|way| way.to == *at).partition(|way| is_back(&order, way));
        // What comes from right above runs straight into it, and so stands last.
        reaching.sort_by_key(|way| straight(&order, way));
        for way in reaching {
            rows.push(Row { way, y });
            y += WAY;
        }
        let height = height_of(place, IN_BOX);
        areas[*at] = Area { x: LEFT, y, width: RIGHT - LEFT, height };
        y += height + besides(place) + if rows.is_empty() { 0 } else { 6 };
        // What comes back does so from below.
        for way in back {
            rows.push(Row { way, y });
            y += WAY;
        }
    }
    let mut lanes = 0;
    let ways = html! {
        @for row in &rows { (arrow(landscape, row, &order, &areas, &mut lanes)) }
    };
    let boxes = html! {
        @for (place, area) in landscape.places.iter().zip(&areas) {
            (boxed(place, *area, IN_BOX))
            @for (nth, one) in place.beside.iter().enumerate() {
                @let y = area.bottom() + 6 + (BESIDE + 6) * i32::try_from(nth).unwrap_or(0);
                (beside(one, Area { x: STEM + 18, y, width: RIGHT - STEM - 18, height: BESIDE }, 27))
            }
        }
    };
    sheet("down", WIDTH, y + 6, &html! { (ways) (boxes) })
}

fn besides(place: &Place) -> i32 {
    (BESIDE + 6) * i32::try_from(place.beside.len()).unwrap_or(0)
}

/// Whether the way leads to where mail has been.
fn is_back(order: &[usize], way: &Way) -> bool {
    let place = |at: usize| order.iter().position(|one| *one == at);
    place(way.from) >= place(way.to)
}

/// Whether the way leads from the box right above.
fn straight(order: &[usize], way: &Way) -> bool {
    order.windows(2).any(|pair| pair == [way.from, way.to])
}

/// `lanes` is how many ways run beside the boxes so far.
fn arrow(landscape: &Landscape, row: &Row, order: &[usize], areas: &[Area], lanes: &mut i32) -> Markup {
    if is_back(order, row.way) {
        return back(landscape, row, areas);
    }
    let (from, to) = (areas[row.way.from], areas[row.way.to]);
    let middle = row.y + WAY / 2 - 2;
    let straight = straight(order, row.way);
    let line = if straight {
        format!("M{STEM} {}V{}", from.bottom(), to.y - 2)
    } else {
        // Along the left side, past what stands between.
        *lanes += 1;
        let x = (LEFT - 5 - 5 * *lanes).max(3);
        format!("M{LEFT} {}H{x}V{middle}H{STEM}V{}", i32::midpoint(from.y, from.bottom()) + 4 * *lanes, to.y - 2)
    };
    let from = if straight { String::new() } else { format!("from {}: ", landscape.places[row.way.from].short()) };
    html! {
        g class=(line_class(row.way.mark)) {
            path.line d=(line) {}
            path.tip d=(format!("M{STEM} {}l-5 -9h10z", to.y - 2)) {}
            (mark_at(row.way.mark, STEM, middle))
            (labels(landscape, row.way, &from, (STEM + 20, middle), "start"))
        }
    }
}

/// Along the right side, up to where it has been.
fn back(landscape: &Landscape, row: &Row, areas: &[Area]) -> Markup {
    let (from, to) = (areas[row.way.from], areas[row.way.to]);
    let lane = RIGHT + 11;
    let (begin, end) = (from.bottom() - 10, to.y + 14);
    let middle = row.y + WAY / 2 - 2;
    // Where it never leaves its box, there is no line beside its words.
    let at = if row.way.from == row.way.to { i32::midpoint(begin, end) } else { middle };
    html! {
        g class=(line_class(row.way.mark)) {
            path.line d=(format!("M{RIGHT} {begin}H{lane}V{end}H{}", RIGHT + 4)) {}
            path.tip d=(format!("M{} {end}l9 -5v10z", RIGHT + 2)) {}
            (mark_at(row.way.mark, lane, at))
            (labels(landscape, row.way, "", (RIGHT - 8, middle), "end"))
        }
    }
}

fn labels(landscape: &Landscape, way: &Way, from: &str, (x, y): (i32, i32), anchor: &str) -> Markup {
    let codes = codes(landscape, &way.findings);
    let below = [&*codes, way.by.as_deref().unwrap_or_default()];
    let below: Vec<&str> = below.into_iter().filter(|one| !one.is_empty()).collect();
    let first = if below.is_empty() { y + 5 } else { y - 3 };
    html! {
        (letters(x, first, &format!("words {anchor}"), &cut(&format!("{from}{}", way.words), ON_WAY)))
        @if !below.is_empty() { (letters(x, first + 16, &format!("code {anchor}"), &cut(&below.join(", "), ON_WAY))) }
    }
}
