use serde::{Deserialize, Serialize};

use super::ItemKind;
use crate::{Extent, Point};

/// A layout as it is sent and stored, with nothing checked yet; [`Layout::new`] checks it.
///
/// Fields that are not known are ignored when it is read.
///
/// [`Layout::new`]: crate::Layout::new
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayoutDocument {
    /// What people call it.
    pub name: String,
    /// The seats, in the layout's order.
    pub seats: Vec<SeatDocument>,
    /// What else stands on the plan; none when the field is missing.
    #[serde(default)]
    pub items: Vec<ItemDocument>,
    /// The price categories.
    pub categories: Vec<CategoryDocument>,
}

/// A seat as it is sent and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatDocument {
    /// Unique among the seats.
    pub id: String,
    /// The top left corner.
    pub pos: Point,
    /// Width and height.
    pub size: Extent,
    /// The id of its category.
    pub cat_id: String,
    /// The label of its row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rl: Option<String>,
    /// Its number in the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sn: Option<u32>,
    /// The id of its table; when missing, the seat's own id decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_id: Option<String>,
}

/// An item as it is sent and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemDocument {
    /// Unique among the items.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// The top left corner.
    pub pos: Point,
    /// Width and height.
    pub size: Extent,
    /// How many seats a table has; when given, it must be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sc: Option<u32>,
}

/// A price category as it is sent and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryDocument {
    /// Unique among the categories.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How its seats are drawn, in any notation that the clients share.
    pub color: String,
    /// What one seat costs, in major units with at most two decimals.
    pub price: f64,
}
