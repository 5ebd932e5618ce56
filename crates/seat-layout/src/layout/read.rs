use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::{self, Display},
    hash::Hash,
    ops::RangeInclusive,
    str::FromStr,
    sync::Arc,
};

use super::{
    Category, CategoryDocument, Item, ItemDocument, ItemKind, Layout, LayoutDocument, LayoutErrors,
    SEATS_MAX, Seat, SeatDocument, TABLE_SEATS_MAX, Table,
};
use crate::{CategoryId, Extent, IdError, Money, Point, SeatId, TableId, viewport::ViewportIndex};

const ITEMS_MAX: usize = 20_000;
const CATEGORIES_MAX: usize = 1_000;
/// Sums of two such numbers stay finite, which the viewport index relies on.
const COORDINATE_MAX: f64 = 1e9;
const LAYOUT_NAME_CHARS_MAX: usize = 200;
const CATEGORY_NAME_CHARS_MAX: usize = 100;
const COLOR_CHARS_MAX: usize = 32;
const ROW_LABEL_CHARS_MAX: usize = 64;

/// The layout of a document, or everything that is wrong with it.
pub(super) fn read(document: LayoutDocument) -> Result<Layout, LayoutErrors> {
    let mut reader = Reader::new();
    reader.errors.check_text("name", &document.name, LAYOUT_NAME_CHARS_MAX);
    reader.errors.check_count("seats", document.seats.len(), 1..=SEATS_MAX);
    reader.errors.check_count("items", document.items.len(), 0..=ITEMS_MAX);
    reader.errors.check_count("categories", document.categories.len(), 1..=CATEGORIES_MAX);

    reader.seats.reserve(document.seats.len());
    reader.seats_by_id.reserve(document.seats.len());
    for (position, category) in document.categories.iter().enumerate() {
        reader.category(position, category);
    }
    for (position, item) in document.items.iter().enumerate() {
        reader.item(position, item);
    }
    for (position, seat) in document.seats.iter().enumerate() {
        reader.seat(position, seat);
    }
    reader.check_tables(&document.items);
    reader.finish(document.name)
}

/// What was read so far. A part with an error is noted and left out, so positions are only right
/// as long as there are no errors, and only then a layout is made.
struct Reader {
    errors: LayoutErrors,
    categories: Vec<Category>,
    categories_by_id: HashMap<CategoryId, usize>,
    items: Vec<Item>,
    items_by_id: HashMap<TableId, usize>,
    tables: Vec<Table>,
    tables_by_id: HashMap<TableId, usize>,
    seats: Vec<Seat>,
    seats_by_id: HashMap<SeatId, usize>,
    row_labels: HashMap<String, Arc<str>>,
}

impl Reader {
    fn new() -> Self {
        Self {
            errors: LayoutErrors::none(),
            categories: Vec::new(),
            categories_by_id: HashMap::new(),
            items: Vec::new(),
            items_by_id: HashMap::new(),
            tables: Vec::new(),
            tables_by_id: HashMap::new(),
            seats: Vec::new(),
            seats_by_id: HashMap::new(),
            row_labels: HashMap::new(),
        }
    }

    fn category(&mut self, position: usize, document: &CategoryDocument) {
        let CategoryDocument { id, name, color, price } = document;
        let at = Element { list: "categories", position };
        self.errors.check_text(at.field("name"), name, CATEGORY_NAME_CHARS_MAX);
        self.errors.check_text(at.field("color"), color, COLOR_CHARS_MAX);
        let price = Money::from_major(*price);
        if let Err(error) = price {
            self.errors.add(at.field("price"), error);
        } else if price.is_ok_and(|price| price > Money::PRICE_MAX) {
            let max = Money::PRICE_MAX;
            self.errors.add(at.field("price"), format_args!("must be at most {max}"));
        }
        let id = self.errors.unique_id(&mut self.categories_by_id, at, id);
        if let (Some(id), Ok(price)) = (id, price) {
            self.categories.push(Category { id, name: name.clone(), color: color.clone(), price });
        }
    }

    fn item(&mut self, position: usize, document: &ItemDocument) {
        let &ItemDocument { ref id, kind, pos, size, sc } = document;
        let at = Element { list: "items", position };
        self.errors.check_rectangle(at, pos, size);
        if kind != ItemKind::Table && sc.is_some() {
            self.errors.add(at.field("sc"), "must be left out, as only a table has seats");
        }
        let Some(id) = self.errors.unique_id(&mut self.items_by_id, at, id) else {
            return;
        };
        let table = (kind == ItemKind::Table).then(|| {
            self.tables_by_id.insert(id.clone(), self.tables.len());
            self.tables.push(Table { id: id.clone(), item: position, seats: Vec::new() });
            self.tables.len() - 1
        });
        self.items.push(Item { id, kind, pos, size, table });
    }

    fn seat(&mut self, position: usize, document: &SeatDocument) {
        let &SeatDocument { ref id, pos, size, ref cat_id, ref rl, sn, ref table_id } = document;
        let at = Element { list: "seats", position };
        self.errors.check_rectangle(at, pos, size);
        if let Some(label) = rl {
            self.errors.check_text(at.field("rl"), label, ROW_LABEL_CHARS_MAX);
        }
        let category = self.categories_by_id.get(cat_id.as_str()).copied();
        if category.is_none() {
            self.errors.add(at.field("catId"), "must be the id of a category of this layout");
        }
        let id = self.errors.unique_id(&mut self.seats_by_id, at, id);
        let table = match table_id {
            Some(table_id) => self.tables_by_id.get(table_id.as_str()).copied(),
            None => id.as_ref().and_then(|id| self.table_in_name(id)),
        };
        if table_id.is_some() && table.is_none() {
            self.errors.add(at.field("tableId"), "must be the id of an item of type table");
        }
        if let Some(table) = table {
            self.tables[table].seats.push(position);
        }
        if let (Some(id), Some(category)) = (id, category) {
            let row_label = rl.as_deref().map(|label| self.row_label(label));
            self.seats.push(Seat { id, pos, size, category, row_label, number: sn, table });
        }
    }

    /// The table whose id, a separator and more make up the seat's id; the longest one wins, so
    /// the separators are tried from the last to the first.
    fn table_in_name(&self, seat_id: &SeatId) -> Option<usize> {
        let seat_id = seat_id.as_str();
        seat_id
            .rmatch_indices(['_', '-', '.'])
            .filter(|(end, _)| end + 1 < seat_id.len())
            .find_map(|(end, _)| self.tables_by_id.get(&seat_id[..end]).copied())
    }

    /// The label, shared with every seat that has the same.
    fn row_label(&mut self, label: &str) -> Arc<str> {
        if let Some(shared) = self.row_labels.get(label) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = label.into();
        self.row_labels.insert(label.to_owned(), Arc::clone(&shared));
        shared
    }

    fn check_tables(&mut self, documents: &[ItemDocument]) {
        for table in &self.tables {
            let at = Element { list: "items", position: table.item };
            let seats = table.seats.len();
            if seats > TABLE_SEATS_MAX {
                self.errors.add(
                    at,
                    format_args!("must be a table of at most {TABLE_SEATS_MAX} seats, not {seats}"),
                );
            }
            if documents[table.item].sc.is_some_and(|count| count as usize != seats) {
                self.errors
                    .add(at.field("sc"), format_args!("must be the number of its seats, {seats}"));
            }
        }
    }

    fn finish(self, name: String) -> Result<Layout, LayoutErrors> {
        let Self { errors, categories, items, tables, tables_by_id, seats, seats_by_id, .. } = self;
        errors.into_result()?;
        Ok(Layout {
            name,
            seats_in_view: ViewportIndex::new(
                seats.iter().map(|seat| (seat.pos, Extent { x: 0.0, y: 0.0 })),
            ),
            items_in_view: ViewportIndex::new(items.iter().map(|item| (item.pos, item.size))),
            seats,
            seats_by_id,
            items,
            categories,
            tables,
            tables_by_id,
        })
    }
}

/// One element of a list of the document; it prints as `seats[3]`.
#[derive(Clone, Copy)]
struct Element {
    list: &'static str,
    position: usize,
}

impl Element {
    fn field(self, name: &'static str) -> Field {
        Field { element: self, name }
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.position)
    }
}

/// One field of an element; it prints as `seats[3].catId`.
struct Field {
    element: Element,
    name: &'static str,
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.element, self.name)
    }
}

impl LayoutErrors {
    fn check_text(&mut self, field: impl Display, text: &str, chars_max: usize) {
        if !(1..=chars_max).contains(&text.chars().count()) {
            self.add(field, format_args!("must be 1 to {chars_max} characters long"));
        }
    }

    fn check_count(&mut self, field: &str, count: usize, bounds: RangeInclusive<usize>) {
        if !bounds.contains(&count) {
            let (least, most) = bounds.into_inner();
            self.add(field, format_args!("must be {least} to {most} of them, not {count}"));
        }
    }

    fn check_rectangle(&mut self, at: Element, pos: Point, size: Extent) {
        let numbers = [("pos.x", pos.x), ("pos.y", pos.y), ("size.x", size.x), ("size.y", size.y)];
        for (name, number) in numbers {
            if !(0.0..=COORDINATE_MAX).contains(&number) {
                self.add(
                    at.field(name),
                    format_args!("must be a number from 0 to {COORDINATE_MAX}"),
                );
            }
        }
    }

    /// The element's id, entered into the index, unless it is malformed or there already.
    fn unique_id<Id>(
        &mut self,
        index: &mut HashMap<Id, usize>,
        at: Element,
        text: &str,
    ) -> Option<Id>
    where
        Id: FromStr<Err = IdError> + Clone + Eq + Hash,
    {
        let id = match text.parse::<Id>() {
            Ok(id) => id,
            Err(error) => {
                self.add(at.field("id"), error);
                return None;
            }
        };
        match index.entry(id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(at.position);
                Some(id)
            }
            Entry::Occupied(first) => {
                let first = Element { position: *first.get(), ..at };
                self.add(at.field("id"), format_args!("must be unique, but {first} has it too"));
                None
            }
        }
    }
}
