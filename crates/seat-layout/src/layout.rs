mod document;
mod errors;
mod read;

use std::{collections::HashMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{
    document::{CategoryDocument, ItemDocument, LayoutDocument, SeatDocument},
    errors::{LayoutErrors, Place},
};
use crate::{
    CategoryId, Extent, Money, Point, Rect, SeatId, TableId, generate, viewport::ViewportIndex,
};

/// The most seats a layout can have.
pub const SEATS_MAX: usize = 200_000;

/// The most seats a table can have.
pub const TABLE_SEATS_MAX: usize = 50;

/// A layout that was found to be right; it never changes.
///
/// Seats, items, categories and tables refer to each other by their positions in its lists.
pub struct Layout {
    name: String,
    seats: Vec<Seat>,
    seats_by_id: HashMap<SeatId, usize>,
    seats_in_view: ViewportIndex,
    items: Vec<Item>,
    items_in_view: ViewportIndex,
    categories: Vec<Category>,
    tables: Vec<Table>,
    tables_by_id: HashMap<TableId, usize>,
}

/// A seat.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// Unique among the seats of the layout.
    pub id: SeatId,
    /// The top left corner; the seat is in a viewport when this point is.
    pub pos: Point,
    /// Width and height.
    pub size: Extent,
    /// Which of the layout's categories it is of.
    pub category: usize,
    /// The label of its row, shared by the seats of that row.
    pub row_label: Option<Arc<str>>,
    /// Its number in the row.
    pub number: Option<u32>,
    /// Which of the layout's tables it stands at.
    pub table: Option<usize>,
}

/// Something else on the plan: a table, the stage, a booth.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique among the items of the layout, whatever their kind.
    pub id: TableId,
    /// What it is.
    pub kind: ItemKind,
    /// The top left corner.
    pub pos: Point,
    /// Width and height.
    pub size: Extent,
    /// Which of the layout's tables it is, for every item of the kind `Table` and no other.
    pub table: Option<usize>,
}

/// What an item is; `table`, `stage` or `booth` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A table; its seats can be held together.
    Table,
    /// The stage.
    Stage,
    /// A booth, for the sound or a bar.
    Booth,
}

/// A price category.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// Unique among the categories of the layout.
    pub id: CategoryId,
    /// What people call it.
    pub name: String,
    /// How its seats are drawn.
    pub color: String,
    /// What one seat costs.
    pub price: Money,
}

/// A table and the seats at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The id of its item.
    pub id: TableId,
    /// Which of the layout's items it is.
    pub item: usize,
    /// Which of the layout's seats stand at it, ascending: at most
    /// [`TABLE_SEATS_MAX`]. One without seats is furniture: it can't be held.
    pub seats: Vec<usize>,
}

impl Layout {
    /// The layout of a document.
    ///
    /// A seat without `tableId` belongs to table T when its id is T followed by one of `_ - .` and
    /// more; the longest such T wins.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each with its place.
    pub fn new(document: LayoutDocument) -> Result<Self, LayoutErrors> {
        read::read(document)
    }

    /// A plain hall: rows `A`, `B` to `Z`, `AA` and so on of the seats `A-1`, `A-2` and so on, all
    /// of the category `standard`, which costs 50.
    ///
    /// # Errors
    /// When it would have no seat or more than [`SEATS_MAX`].
    pub fn grid(rows: u32, seats_per_row: u32) -> Result<Self, LayoutErrors> {
        let count = u64::from(rows) * u64::from(seats_per_row);
        // Refused before the seats are made: there could be 2^64 of them.
        if count > SEATS_MAX as u64 {
            let mut errors = LayoutErrors::none();
            errors.add("seats", format_args!("must be 1 to {SEATS_MAX} of them, not {count}"));
            return Err(errors);
        }
        Self::new(generate::grid(rows, seats_per_row))
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seats, in the layout's order.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The items.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The categories, at least one.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The tables, in the order of their items.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The position of the seat in [`Self::seats`].
    pub fn seat_index(&self, id: &SeatId) -> Option<usize> {
        self.seats_by_id.get(id).copied()
    }

    /// The table of this id.
    pub fn table(&self, id: &TableId) -> Option<&Table> {
        self.tables_by_id.get(id).map(|&table| &self.tables[table])
    }

    /// The seat at this position of [`Self::seats`].
    ///
    /// # Panics
    /// When there are not that many.
    pub fn seat_at(&self, index: usize) -> &Seat {
        &self.seats[index]
    }

    /// The category of one of this layout's seats.
    ///
    /// # Panics
    /// It may, when the seat is of another layout.
    pub fn category_of(&self, seat: &Seat) -> &Category {
        &self.categories[seat.category]
    }

    /// The positions of the seats in the viewport, ascending; it looks at few others.
    pub fn seats_in(&self, viewport: &Rect) -> Vec<usize> {
        self.seats_in_view.query(viewport)
    }

    /// The positions of the items whose rectangle meets the viewport, ascending.
    pub fn items_in(&self, viewport: &Rect) -> Vec<usize> {
        self.items_in_view.query(viewport)
    }

    /// The document of this layout: every seat of a table names it, and every table says how many
    /// seats it has.
    pub fn to_document(&self) -> LayoutDocument {
        let seats = self.seats.iter().map(|seat| SeatDocument {
            id: seat.id.to_string(),
            pos: seat.pos,
            size: seat.size,
            cat_id: self.category_of(seat).id.to_string(),
            rl: seat.row_label.as_deref().map(str::to_owned),
            sn: seat.number,
            table_id: seat.table.map(|table| self.tables[table].id.to_string()),
        });
        let items = self.items.iter().map(|item| ItemDocument {
            id: item.id.to_string(),
            kind: item.kind,
            pos: item.pos,
            size: item.size,
            sc: item.table.map(|table| self.tables[table].seats.len() as u32),
        });
        let categories = self.categories.iter().map(|category| CategoryDocument {
            id: category.id.to_string(),
            name: category.name.clone(),
            color: category.color.clone(),
            price: category.price.minor() as f64 / 100.0,
        });
        LayoutDocument {
            name: self.name.clone(),
            seats: seats.collect(),
            items: items.collect(),
            categories: categories.collect(),
        }
    }
}

/// Short: a layout in a log line must not print 200,000 seats.
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("name", &self.name)
            .field("seats", &self.seats.len())
            .field("tables", &self.tables.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// A document with one category `c`, these tables and these seats.
    fn document(tables: &[&str], seats: &[&str]) -> LayoutDocument {
        let at = json!({ "x": 1, "y": 2 });
        let table = |id| json!({ "id": id, "type": "table", "pos": at, "size": at });
        let seat = |id| json!({ "id": id, "pos": at, "size": at, "catId": "c" });
        parse(&json!({
            "name": "Hall",
            "seats": seats.iter().map(seat).collect::<Vec<_>>(),
            "items": tables.iter().map(table).collect::<Vec<_>>(),
            "categories": [{ "id": "c", "name": "C", "color": "#fff", "price": 12.5 }],
        }))
    }

    fn parse(value: &Value) -> LayoutDocument {
        serde_json::from_value(value.clone()).unwrap()
    }

    /// The ids of the seats at a table.
    fn seats_of<'a>(layout: &'a Layout, table: &str) -> Vec<&'a str> {
        let table = layout.table(&table.parse().unwrap()).unwrap();
        table.seats.iter().map(|&seat| layout.seat_at(seat).id.as_str()).collect()
    }

    /// Spoils a right document of two tables and three seats, and checks which places are named.
    fn check(spoil: impl FnOnce(&mut LayoutDocument), places: &[&str]) {
        let mut document = document(&["T", "U"], &["T-1", "T-2", "U-1"]);
        assert!(Layout::new(document.clone()).is_ok());
        spoil(&mut document);
        let errors = Layout::new(document).unwrap_err();
        let fields: Vec<_> = errors.places().iter().map(|place| place.field.as_str()).collect();
        assert_eq!(fields, places, "{errors}");
    }

    #[test]
    fn a_table_never_takes_the_seats_of_a_longer_named_table() {
        let layout = Layout::new(document(
            &["table_1", "table_10"],
            &["table_1_s3", "table_10_s3", "table_100_s3", "table_1", "table_1_"],
        ))
        .unwrap();
        assert_eq!(seats_of(&layout, "table_1"), ["table_1_s3"]);
        assert_eq!(seats_of(&layout, "table_10"), ["table_10_s3"]);
    }

    #[test]
    fn the_longest_table_in_a_seats_name_wins() {
        let layout =
            Layout::new(document(&["T", "T-1", "T-1.a"], &["T-1-2", "T-2", "T-1.a_9"])).unwrap();
        assert_eq!(seats_of(&layout, "T"), ["T-2"]);
        assert_eq!(seats_of(&layout, "T-1"), ["T-1-2"]);
        assert_eq!(seats_of(&layout, "T-1.a"), ["T-1.a_9"]);
    }

    #[test]
    fn a_seat_belongs_to_the_table_it_names_whatever_its_id() {
        let mut document = document(&["T", "U"], &["T-1", "T-2"]);
        document.seats[1].table_id = Some("U".to_owned());
        let layout = Layout::new(document).unwrap();
        assert_eq!(seats_of(&layout, "T"), ["T-1"]);
        assert_eq!(seats_of(&layout, "U"), ["T-2"]);
        assert_eq!(layout.seat_at(1).table, Some(1));
    }

    #[test]
    fn a_malformed_or_repeated_id_is_named() {
        check(|d| d.seats[0].id = "T 0".to_owned(), &["seats[0].id"]);
        check(|d| d.seats[1].id = "T-1".to_owned(), &["seats[1].id"]);
        check(
            |d| d.categories[0].id = String::new(),
            &["categories[0].id", "seats[0].catId", "seats[1].catId", "seats[2].catId"],
        );
        check(|d| d.categories.push(d.categories[0].clone()), &["categories[1].id"]);
        check(|d| d.items.push(d.items[0].clone()), &["items[2].id"]);
    }

    #[test]
    fn the_first_owner_of_a_repeated_id_is_named_too() {
        let errors = Layout::new(document(&[], &["A-1", "A-2", "A-1"])).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "the layout has 1 error: seats[2].id: must be unique, but seats[0] has it too"
        );
    }

    #[test]
    fn an_unknown_category_or_table_is_named() {
        check(|d| d.seats[2].cat_id = "gold".to_owned(), &["seats[2].catId"]);
        check(|d| d.seats[1].table_id = Some("V".to_owned()), &["seats[1].tableId"]);
        check(
            |d| {
                d.items.push(ItemDocument {
                    id: "stage".to_owned(),
                    kind: ItemKind::Stage,
                    sc: Some(0),
                    ..d.items[0].clone()
                });
                d.seats[1].table_id = Some("stage".to_owned());
            },
            &["items[2].sc", "seats[1].tableId"],
        );
    }

    #[test]
    fn a_number_out_of_its_bounds_is_named() {
        check(|d| d.seats[0].pos.x = -0.1, &["seats[0].pos.x"]);
        check(|d| d.seats[1].size.y = f64::INFINITY, &["seats[1].size.y"]);
        check(|d| d.items[1].pos.y = f64::NAN, &["items[1].pos.y"]);
        check(|d| d.items[0].size.x = 1e300, &["items[0].size.x"]);
        check(|d| d.categories[0].price = 0.005, &["categories[0].price"]);
    }

    #[test]
    fn a_text_too_short_or_too_long_is_named() {
        check(|d| d.name = "é".repeat(201), &["name"]);
        check(|d| d.categories[0].name = String::new(), &["categories[0].name"]);
        check(|d| d.categories[0].color = "f".repeat(33), &["categories[0].color"]);
        check(|d| d.seats[0].rl = Some("A".repeat(65)), &["seats[0].rl"]);
    }

    #[test]
    fn a_table_with_too_many_seats_or_with_a_wrong_count_is_named() {
        check(|d| d.items[0].sc = Some(3), &["items[0].sc"]);
        let names: Vec<_> = (1..=51).map(|seat| format!("T-{seat}")).collect();
        let seats: Vec<_> = names.iter().map(String::as_str).collect();
        assert!(Layout::new(document(&["T"], &seats[..TABLE_SEATS_MAX])).is_ok());
        let errors = Layout::new(document(&["T"], &seats)).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "the layout has 1 error: items[0]: must be a table of at most 50 seats, not 51"
        );
    }

    #[test]
    fn a_layout_has_at_least_one_seat_and_one_category() {
        let mut document = document(&[], &[]);
        document.categories.clear();
        let errors = Layout::new(document).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "the layout has 2 errors, the first: seats: must be 1 to 200000 of them, not 0"
        );
    }

    #[test]
    fn every_problem_is_counted_and_the_first_hundred_are_kept() {
        let mut document = document(&[], &["A"; 301]);
        document.seats[0].pos.x = -1.0;
        let errors = Layout::new(document).unwrap_err();
        assert!(errors.to_string().starts_with("the layout has 301 errors, the first: seats[0]"));
        assert_eq!(errors.places().len(), 100);
    }

    #[test]
    fn a_grid_names_its_rows_like_a_spreadsheet() {
        let layout = Layout::grid(28, 2).unwrap();
        let ids: Vec<_> = layout.seats().iter().map(|seat| seat.id.as_str()).collect();
        assert_eq!(ids[..4], ["A-1", "A-2", "B-1", "B-2"]);
        assert_eq!(ids[50..], ["Z-1", "Z-2", "AA-1", "AA-2", "AB-1", "AB-2"]);
        assert_eq!(layout.category_of(layout.seat_at(0)).price, Money::from_minor(50_00));
        assert_eq!(layout.seat_index(&"B-1".parse().unwrap()), Some(2));
    }

    #[test]
    fn a_grid_out_of_bounds_is_refused_before_it_is_made() {
        assert!(Layout::grid(0, 9).is_err());
        assert!(Layout::grid(1, SEATS_MAX as u32).is_ok());
        assert_eq!(Layout::grid(u32::MAX, u32::MAX).unwrap_err().places()[0].field, "seats");
    }

    #[test]
    fn the_wire_form_leaves_out_what_is_not_there_and_ignores_what_it_does_not_know() {
        let mut value = json!({
            "name": "Hall",
            "seats": [{ "id": "A-1", "pos": { "x": 0.0, "y": 1.5 }, "size": { "x": 2.0, "y": 2.0 },
                "catId": "c", "rl": "A", "sn": 1 }],
            "items": [{ "id": "stage", "type": "stage", "pos": { "x": 0.0, "y": 0.0 },
                "size": { "x": 9.0, "y": 1.0 } }],
            "categories": [{ "id": "c", "name": "C", "color": "red", "price": 15750.0 }],
        });
        let document = Layout::new(parse(&value)).unwrap().to_document();
        assert_eq!(serde_json::to_value(document).unwrap(), value);
        value["seats"][0]["colour"] = json!("green");
        value.as_object_mut().unwrap().remove("items");
        assert!(Layout::new(parse(&value)).unwrap().items().is_empty());
    }

    #[test]
    fn a_layout_prints_short_and_crosses_threads() {
        fn crosses_threads(_: &(impl Send + Sync)) {}
        let layout = Layout::grid(100, 100).unwrap();
        crosses_threads(&layout);
        assert_eq!(
            format!("{layout:?}"),
            r#"Layout { name: "Hall", seats: 10000, tables: 0, .. }"#
        );
    }

    prop_compose! {
        /// Seats here and there, some of them at tables by their names.
        fn any_layout()(
            places in prop::collection::vec((0u16..50, 0u16..50, prop::option::of(0u8..5)), 1..300),
            minor in 0i64..1_000_000,
        ) -> Layout {
            let id = |(i, &(_, _, table)): (usize, &(u16, u16, Option<u8>))| match table {
                Some(table) => format!("T{table}-{i}"),
                None => format!("A-{i}"),
            };
            let ids: Vec<_> = places.iter().enumerate().map(id).collect();
            let mut document = document(&[], &ids.iter().map(String::as_str).collect::<Vec<_>>());
            for (seat, &(x, y, _)) in document.seats.iter_mut().zip(&places) {
                seat.pos = Point { x: x.into(), y: y.into() };
            }
            document.categories[0].price = minor as f64 / 100.0;
            for table in 0..5 {
                let seats = places.iter().filter(|place| place.2 == Some(table)).count();
                if seats <= TABLE_SEATS_MAX {
                    document.items.push(ItemDocument {
                        id: format!("T{table}"),
                        kind: ItemKind::Table,
                        pos: Point { x: f64::from(table), y: 0.0 },
                        size: Extent { x: 3.0, y: 3.0 },
                        sc: None,
                    });
                }
            }
            Layout::new(document).unwrap()
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => prop::sample::select(vec!["T", "T-1", "T-2", "U", "U_3", "c"]).prop_map(String::from),
            1 => ".{0,5}",
            1 => (60usize..210).prop_map(|length| "a".repeat(length)),
        ]
    }

    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![8 => 0.0..100.0, 1 => any::<f64>(), 1 => 1e8..1e10]
    }

    fn any_seat() -> impl Strategy<Value = SeatDocument> {
        let optional = || prop::option::weighted(0.2, any_text());
        (any_text(), [any_number(), any_number()], any_text(), optional(), optional()).prop_map(
            |(id, [x, y], cat_id, rl, table_id)| SeatDocument {
                id,
                pos: Point { x, y },
                size: Extent { x: y, y: x },
                cat_id,
                rl,
                sn: None,
                table_id,
            },
        )
    }

    fn any_item() -> impl Strategy<Value = ItemDocument> {
        let kind = prop::sample::select(vec![ItemKind::Table, ItemKind::Stage, ItemKind::Booth]);
        (any_text(), kind, any_number(), prop::option::of(0u32..4)).prop_map(|(id, kind, x, sc)| {
            ItemDocument { id, kind, pos: Point { x, y: x }, size: Extent { x, y: x }, sc }
        })
    }

    prop_compose! {
        /// A document of which hardly anything is right.
        fn any_document()(
            name in any_text(),
            seats in prop::collection::vec(any_seat(), 0..4),
            items in prop::collection::vec(any_item(), 0..3),
            names in prop::collection::vec((any_text(), any_text(), any_text()), 0..3),
            price in any_number(),
        ) -> LayoutDocument {
            let category = |(id, name, color)| CategoryDocument { id, name, color, price };
            let categories = names.into_iter().map(category).collect();
            LayoutDocument { name, seats, items, categories }
        }
    }

    /// Whether `seats[3].pos.x` is a place of the document.
    fn is_a_place(document: &Value, field: &str) -> bool {
        let pointer = field.replace('[', "/").replace(']', "").replace('.', "/");
        document.pointer(&format!("/{pointer}")).is_some()
    }

    proptest! {
        #[test]
        fn a_document_is_a_layout_that_survives_or_is_refused_by_its_places(
            document in any_document(),
        ) {
            match Layout::new(document.clone()) {
                Ok(layout) => {
                    let again = Layout::new(layout.to_document()).unwrap();
                    prop_assert_eq!(again.to_document(), layout.to_document());
                    prop_assert_eq!(layout.seats().len(), document.seats.len());
                }
                Err(errors) => {
                    prop_assert!((1..=100).contains(&errors.places().len()));
                    let json = serde_json::to_value(&document).unwrap();
                    for place in errors.places() {
                        prop_assert!(is_a_place(&json, &place.field), "{}", place.field);
                    }
                }
            }
        }

        #[test]
        fn a_layout_survives_its_document(layout in any_layout()) {
            let document = layout.to_document();
            let again = Layout::new(document.clone()).unwrap();
            prop_assert_eq!(again.to_document(), document);
            prop_assert_eq!(again.seats(), layout.seats());
            prop_assert_eq!(again.items(), layout.items());
            prop_assert_eq!(again.categories(), layout.categories());
            prop_assert_eq!(again.tables(), layout.tables());
        }

        #[test]
        fn seats_in_a_viewport_equal_a_linear_scan(
            layout in any_layout(),
            x in -5i8..55, y in -5i8..55, width in 0u8..60, height in 0u8..60,
        ) {
            let viewport =
                Rect { x: x.into(), y: y.into(), width: width.into(), height: height.into() };
            let scan: Vec<_> = (0..layout.seats().len())
                .filter(|&seat| viewport.contains(layout.seat_at(seat).pos))
                .collect();
            prop_assert_eq!(layout.seats_in(&viewport), scan);
        }
    }
}
