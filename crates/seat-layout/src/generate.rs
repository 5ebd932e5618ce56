use std::f64::consts::PI;

use crate::{
    CategoryDocument, Extent, ItemDocument, ItemKind, LayoutDocument, Point, SEATS_MAX,
    SeatDocument,
};

/// The side of a seat, as wide as deep.
const SEAT: f64 = 18.0;
/// From one seat of a row to the next. On a slant of 45 degrees a square needs its diagonal.
const SEAT_PITCH: f64 = 26.0;
const ROW_PITCH: f64 = 30.0;
const AISLE: f64 = 40.0;
/// How far the bowl reaches to either side, in radians from the line straight off the stage.
const BOWL_REACH: f64 = PI * 100.0 / 180.0;
/// The bowl starts here unless tables are in front of it.
const BOWL_RADIUS_MIN: f64 = 260.0;
const ROWS_PER_TIER: u32 = 20;
const SEATS_PER_SECTOR_ROW: f64 = 18.0;

const TABLE: f64 = 48.0;
const TABLE_SEATS: u32 = 8;
/// From the middle of a table to the middle of each of its seats.
const TABLE_SEAT_RADIUS: f64 = 37.0;
const TABLE_PITCH: f64 = 120.0;
/// Less than a right angle, so that no table stands beside the stage.
const FLOOR_REACH: f64 = PI * 75.0 / 180.0;
const FLOOR_RADIUS: f64 = 200.0;

const MARGIN: f64 = 20.0;

/// A document named "Arena" with exactly so many seats, and always the same for one number: a
/// stage, round tables in front of it, and sectors of curved rows around them.
///
/// A number out of 1 to [`SEATS_MAX`] is brought to the nearer end.
pub fn arena(seats: u32) -> LayoutDocument {
    let seats = seats.clamp(1, SEATS_MAX as u32);
    let table_count = if seats < 50 { 0 } else { (seats * 3 / 100 / TABLE_SEATS).max(1) };
    let mut plan = Plan::default();
    let bowl_radius = plan.add_floor(table_count).max(BOWL_RADIUS_MIN);
    plan.add_stage(bowl_radius);
    plan.add_bowl(bowl_radius, seats - table_count * TABLE_SEATS);
    plan.into_document("Arena", arena_categories())
}

/// A hall of straight rows, all seats alike.
pub(crate) fn grid(rows: u32, seats_per_row: u32) -> LayoutDocument {
    let mut plan = Plan::default();
    for row in 0..rows {
        let label = row_letters(row);
        for seat in 0..seats_per_row {
            let middle = Point { x: f64::from(seat) * SEAT_PITCH, y: f64::from(row) * ROW_PITCH };
            let number = seat + 1;
            plan.add_seat(format!("{label}-{number}"), middle, "standard", Some((&label, number)));
        }
    }
    plan.into_document("Hall", vec![category("standard", "Standard", "#3b82f6", 50.0)])
}

/// A plan around the middle of the stage's front edge, with the audience below.
#[derive(Default)]
struct Plan {
    seats: Vec<SeatDocument>,
    items: Vec<ItemDocument>,
}

impl Plan {
    /// Arcs of tables, and the radius where they end.
    fn add_floor(&mut self, table_count: u32) -> f64 {
        let mut radius = FLOOR_RADIUS;
        let mut placed = 0;
        while placed < table_count {
            let arc = Arc { radius, pitch: TABLE_PITCH };
            let count = arc.capacity(2.0 * FLOOR_REACH).min(table_count - placed);
            for middle in arc.places(count, 0.0) {
                placed += 1;
                self.add_table(&format!("table_VIP_{placed:03}"), middle);
            }
            radius += TABLE_PITCH;
        }
        radius
    }

    fn add_table(&mut self, id: &str, middle: Point) {
        let side = Extent { x: TABLE, y: TABLE };
        self.add_item(id, ItemKind::Table, middle, side, Some(TABLE_SEATS));
        for seat in 0..TABLE_SEATS {
            // Half a step off the axes, so that even a square table is clear of its seats.
            let angle = (f64::from(seat) + 0.5) * 2.0 * PI / f64::from(TABLE_SEATS);
            let Point { x, y } = polar(TABLE_SEAT_RADIUS, angle);
            let place = Point { x: middle.x + x, y: middle.y + y };
            self.add_seat(format!("{id}_s{}", seat + 1), place, "vip", None);
        }
    }

    /// The stage between the ends of the bowl, and a booth on either side of it.
    fn add_stage(&mut self, bowl_radius: f64) {
        let at = |x, y| Point { x: x * bowl_radius, y: y * bowl_radius };
        let size = |x, y| Extent { x: x * bowl_radius, y: y * bowl_radius };
        self.add_item("stage", ItemKind::Stage, at(0.0, -0.2), size(1.2, 0.3), None);
        self.add_item("booth_sound", ItemKind::Booth, at(-0.76, -0.1), size(0.12, 0.12), None);
        self.add_item("booth_light", ItemKind::Booth, at(0.76, -0.1), size(0.12, 0.12), None);
    }

    /// Tiers of curved rows, filled from the stage outwards.
    fn add_bowl(&mut self, inner_radius: f64, seat_count: u32) {
        let mut radius = inner_radius;
        let mut placed = 0;
        let mut tier = 1;
        while placed < seat_count {
            let sector_width = SEAT_PITCH * SEATS_PER_SECTOR_ROW + AISLE;
            let sectors = ((2.0 * BOWL_REACH * radius / sector_width) as u32).max(3);
            for row in 0..ROWS_PER_TIER {
                let category = match f64::from(placed) / f64::from(seat_count) {
                    ..0.15 => "premium",
                    ..0.65 => "standard",
                    _ => "balcony",
                };
                let row = Row { tier, label: row_letters(row), radius, sectors, category };
                placed += self.add_row(&row, seat_count - placed);
                radius += ROW_PITCH;
            }
            radius += 2.0 * AISLE;
            tier += 1;
        }
    }

    /// Fills the row with at most so many seats, shared evenly by its sectors; how many they were.
    fn add_row(&mut self, row: &Row, seats_left: u32) -> u32 {
        let arc = Arc { radius: row.radius, pitch: SEAT_PITCH };
        let sector_angle = 2.0 * BOWL_REACH / f64::from(row.sectors);
        let per_sector = arc.capacity(sector_angle - AISLE / row.radius);
        let count = seats_left.min(per_sector * row.sectors);
        for sector in 0..row.sectors {
            let seats = count / row.sectors + u32::from(sector < count % row.sectors);
            let middle = (f64::from(sector) + 0.5) * sector_angle - BOWL_REACH;
            for (place, number) in arc.places(seats, middle).zip(1..) {
                let (tier, sector, label) = (row.tier, sector + 1, &row.label);
                let id = format!("S{tier}{sector:02}-{label}-{number}");
                self.add_seat(id, place, row.category, Some((label, number)));
            }
        }
        count
    }

    fn add_seat(&mut self, id: String, middle: Point, category: &str, row: Option<(&str, u32)>) {
        let size = Extent { x: SEAT, y: SEAT };
        self.seats.push(SeatDocument {
            id,
            pos: corner(middle, size),
            size,
            cat_id: category.to_owned(),
            rl: row.map(|(label, _)| label.to_owned()),
            sn: row.map(|(_, number)| number),
            table_id: None,
        });
    }

    fn add_item(&mut self, id: &str, kind: ItemKind, middle: Point, size: Extent, sc: Option<u32>) {
        let pos = corner(middle, size);
        self.items.push(ItemDocument { id: id.to_owned(), kind, pos, size, sc });
    }

    /// Moves everything to where no coordinate is negative, and rounds it.
    fn into_document(self, name: &str, categories: Vec<CategoryDocument>) -> LayoutDocument {
        let Self { mut seats, mut items } = self;
        let corners = || {
            let seats = seats.iter().map(|seat| seat.pos);
            seats.chain(items.iter().map(|item| item.pos))
        };
        let left = corners().map(|pos| pos.x).fold(f64::INFINITY, f64::min) - MARGIN;
        let top = corners().map(|pos| pos.y).fold(f64::INFINITY, f64::min) - MARGIN;
        let moved = |pos: Point| Point { x: rounded(pos.x - left), y: rounded(pos.y - top) };
        for seat in &mut seats {
            seat.pos = moved(seat.pos);
        }
        for item in &mut items {
            item.pos = moved(item.pos);
            item.size = Extent { x: rounded(item.size.x), y: rounded(item.size.y) };
        }
        LayoutDocument { name: name.to_owned(), seats, items, categories }
    }
}

/// One row of a tier, through all its sectors.
struct Row {
    tier: u32,
    label: String,
    radius: f64,
    sectors: u32,
    category: &'static str,
}

/// Places on a circle, each a pitch away from the next.
struct Arc {
    radius: f64,
    pitch: f64,
}

impl Arc {
    /// The angle between two neighbours.
    fn step(&self) -> f64 {
        2.0 * (self.pitch / 2.0 / self.radius).asin()
    }

    /// How many places have room within an angle.
    fn capacity(&self, angle: f64) -> u32 {
        (angle / self.step()) as u32
    }

    /// So many places around the middle angle, from left to right.
    fn places(&self, count: u32, middle: f64) -> impl Iterator<Item = Point> {
        let step = self.step();
        let first = middle - step * (f64::from(count) - 1.0) / 2.0;
        (0..count).map(move |i| polar(self.radius, first + step * f64::from(i)))
    }
}

/// The point at an angle from straight down, towards the right.
fn polar(radius: f64, angle: f64) -> Point {
    Point { x: radius * angle.sin(), y: radius * angle.cos() }
}

fn corner(middle: Point, size: Extent) -> Point {
    Point { x: middle.x - size.x / 2.0, y: middle.y - size.y / 2.0 }
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// `A` to `Z`, then `AA`, `AB` and so on.
fn row_letters(row: u32) -> String {
    let last = char::from(b'A' + (row % 26) as u8);
    match row / 26 {
        0 => last.to_string(),
        more => row_letters(more - 1) + last.encode_utf8(&mut [0; 4]),
    }
}

fn arena_categories() -> Vec<CategoryDocument> {
    vec![
        category("vip", "VIP table", "#d97706", 250.0),
        category("premium", "Premium", "#7c3aed", 149.0),
        category("standard", "Standard", "#3b82f6", 89.0),
        category("balcony", "Balcony", "#10b981", 49.5),
    ]
}

fn category(id: &str, name: &str, color: &str, price: f64) -> CategoryDocument {
    CategoryDocument { id: id.to_owned(), name: name.to_owned(), color: color.to_owned(), price }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{Layout, Rect};

    const COUNTS: [u32; 6] = [1, 49, 50, 2_000, 10_000, 200_000];

    #[test]
    fn an_arena_is_a_layout_of_exactly_that_many_seats() {
        for count in COUNTS {
            let layout = Layout::new(arena(count)).unwrap();
            assert_eq!(layout.seats().len(), count as usize);
            let at_tables = layout.seats().iter().filter(|seat| seat.table.is_some()).count();
            assert_eq!(at_tables, layout.tables().len() * 8);
            assert_eq!(layout.tables().is_empty(), count < 50);
            assert!(at_tables <= (count as usize / 25).max(8), "{count}: {at_tables} at tables");
        }
    }

    #[test]
    fn no_two_seats_of_an_arena_overlap() {
        for count in COUNTS {
            // In squares of a seat's side, whatever overlaps a seat starts in its own square or in
            // one of the eight around.
            let mut squares: HashMap<(i32, i32), Vec<Point>> = HashMap::new();
            for seat in arena(count).seats {
                let square = ((seat.pos.x / SEAT) as i32, (seat.pos.y / SEAT) as i32);
                for dx in -1..=1 {
                    for dy in -1..=1 {
                        let near = squares.get(&(square.0 + dx, square.1 + dy));
                        for other in near.into_iter().flatten() {
                            let clear = (other.x - seat.pos.x).abs() >= SEAT
                                || (other.y - seat.pos.y).abs() >= SEAT;
                            assert!(clear, "{count}: {} and {other:?}", seat.id);
                        }
                    }
                }
                squares.entry(square).or_default().push(seat.pos);
            }
        }
    }

    #[test]
    fn no_seat_of_an_arena_stands_on_an_item() {
        for count in COUNTS {
            let layout = Layout::new(arena(count)).unwrap();
            for item in layout.items() {
                let reach = Rect {
                    x: item.pos.x - SEAT,
                    y: item.pos.y - SEAT,
                    width: item.size.x + SEAT,
                    height: item.size.y + SEAT,
                };
                assert!(layout.seats_in(&reach).is_empty(), "{count}: {}", item.id);
            }
        }
    }

    #[test]
    fn an_arena_is_the_same_every_time() {
        assert_eq!(arena(2_000), arena(2_000));
    }
}
