use seat_layout::LayoutId;
use serde::Serialize;
use utoipa::ToSchema;

use super::schema;

/// The layout that was created.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LayoutCreated {
    /// Always `true`.
    pub(crate) success: bool,
    #[schema(value_type = schema::LayoutId)]
    pub(crate) layout_id: LayoutId,
}

/// The geometry of a venue and its prices, as it is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for `seat_layout::LayoutDocument` in the document")]
pub(crate) struct LayoutDocument {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The seats; their order is the layout's.
    #[schema(min_items = 1, max_items = 200_000)]
    seats: Vec<Seat>,
    /// What else stands on the plan.
    #[schema(required = false)]
    items: Vec<Item>,
    #[schema(min_items = 1)]
    categories: Vec<Category>,
}

/// A layout with its id.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for an answer that is put together as text")]
pub(crate) struct LayoutAnswer {
    #[schema(value_type = schema::LayoutId)]
    layout_id: LayoutId,
    name: String,
    categories: Vec<Category>,
    items: Vec<Item>,
    seats: Vec<Seat>,
}

/// A seat of a layout.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for `seat_layout::SeatDocument` in the document")]
pub(crate) struct Seat {
    #[schema(value_type = schema::SeatId)]
    id: String,
    pos: Point,
    size: Extent,
    /// The id of its category.
    #[schema(value_type = schema::CategoryId)]
    cat_id: String,
    /// The label of its row.
    #[schema(min_length = 1, max_length = 64)]
    rl: Option<String>,
    /// Its number in the row.
    sn: Option<u32>,
    /// The id of its table; when missing, the seat's own id decides.
    #[schema(value_type = Option<schema::TableId>)]
    table_id: Option<String>,
}

/// Something else on the plan.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for `seat_layout::ItemDocument` in the document")]
pub(crate) struct Item {
    #[schema(value_type = schema::TableId)]
    id: String,
    #[schema(rename = "type")]
    kind: ItemKind,
    pos: Point,
    size: Extent,
    /// How many seats a table has; when given, it must be right. Of tables only.
    sc: Option<u32>,
}

/// What an item is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it stands for `seat_layout::ItemKind` in the document")]
pub(crate) enum ItemKind {
    Table,
    Stage,
    Booth,
}

/// A price category.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for `seat_layout::CategoryDocument` in the document")]
pub(crate) struct Category {
    #[schema(value_type = schema::CategoryId)]
    id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// How its seats are drawn, in any notation that the clients share.
    #[schema(min_length = 1, max_length = 32)]
    color: String,
    /// What one seat costs.
    #[schema(value_type = schema::Money)]
    price: f64,
}

/// The top left corner of something, in the plan's own units.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for `seat_layout::Point` in the document")]
pub(crate) struct Point {
    #[schema(minimum = 0)]
    x: f64,
    #[schema(minimum = 0)]
    y: f64,
}

/// Width and height of something, in the plan's own units.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for `seat_layout::Extent` in the document")]
pub(crate) struct Extent {
    #[schema(minimum = 0)]
    x: f64,
    #[schema(minimum = 0)]
    y: f64,
}
