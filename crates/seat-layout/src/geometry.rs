use serde::{Deserialize, Serialize};

/// A place on the plan, in the plan's own units; x grows to the right, y downwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Distance from the left edge.
    pub x: f64,
    /// Distance from the top edge.
    pub y: f64,
}

/// The size of something on the plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// Width.
    pub x: f64,
    /// Height.
    pub y: f64,
}

/// A viewport: the part of the plan that a client looks at, its edges included.
///
/// One with a negative width or height contains no point, and neither does one with a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// The left edge.
    pub x: f64,
    /// The top edge.
    pub y: f64,
    /// From the left edge to the right one.
    pub width: f64,
    /// From the top edge to the bottom one.
    pub height: f64,
}

impl Rect {
    /// Whether the point lies in the viewport or on its edge.
    pub fn contains(&self, point: Point) -> bool {
        self.meets(point, Extent { x: 0.0, y: 0.0 })
    }

    /// Whether the rectangle of this size with its top left corner at `pos` shares a point with
    /// the viewport.
    pub fn meets(&self, pos: Point, size: Extent) -> bool {
        pos.x <= self.x + self.width
            && self.x <= pos.x + size.x
            && pos.y <= self.y + self.height
            && self.y <= pos.y + size.y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEWPORT: Rect = Rect { x: 10.0, y: 20.0, width: 30.0, height: 40.0 };

    #[test]
    fn a_viewport_contains_its_edges() {
        for (x, y) in [(10.0, 20.0), (40.0, 60.0), (25.0, 30.0)] {
            assert!(VIEWPORT.contains(Point { x, y }), "{x} {y}");
        }
        for (x, y) in [(9.9, 30.0), (40.1, 30.0), (25.0, 19.9), (25.0, 60.1), (f64::NAN, 30.0)] {
            assert!(!VIEWPORT.contains(Point { x, y }), "{x} {y}");
        }
    }

    #[test]
    fn a_rectangle_meets_a_viewport_that_it_surrounds_or_touches() {
        let meets = |x, y, size| VIEWPORT.meets(Point { x, y }, Extent { x: size, y: size });
        assert!(meets(0.0, 0.0, 100.0));
        assert!(meets(0.0, 10.0, 10.0));
        assert!(!meets(0.0, 0.0, 15.0));
    }
}
