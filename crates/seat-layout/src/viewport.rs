use static_aabb2d_index::{StaticAABB2DIndex, StaticAABB2DIndexBuilder};

use crate::{Extent, Point, Rect};

/// Rectangles by place: a packed tree that never changes, built once for each layout.
pub(crate) struct ViewportIndex {
    tree: StaticAABB2DIndex<f64>,
}

impl ViewportIndex {
    /// The index of these rectangles, numbered in their order; one without size is a point.
    pub(crate) fn new(rectangles: impl ExactSizeIterator<Item = (Point, Extent)>) -> Self {
        let mut builder = StaticAABB2DIndexBuilder::new(rectangles.len());
        for (pos, size) in rectangles {
            builder.add(pos.x, pos.y, pos.x + size.x, pos.y + size.y);
        }
        let tree = builder.build().expect("as many rectangles were added as were announced");
        Self { tree }
    }

    /// The numbers of the rectangles that meet the viewport, ascending.
    pub(crate) fn query(&self, viewport: &Rect) -> Vec<usize> {
        let (right, bottom) = (viewport.x + viewport.width, viewport.y + viewport.height);
        // The tree keeps what is not outside, and nothing is outside of a NaN.
        if right.is_nan() || bottom.is_nan() {
            return Vec::new();
        }
        let mut found = self.tree.query(viewport.x, viewport.y, right, bottom);
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few different numbers, so that edges often touch.
    fn coordinate() -> impl Strategy<Value = f64> {
        (0u8..20).prop_map(f64::from)
    }

    fn side() -> impl Strategy<Value = f64> {
        prop_oneof![
            9 => (0u8..8).prop_map(f64::from),
            1 => Just(f64::NAN),
            1 => Just(-2.0),
            1 => any::<f64>(),
        ]
    }

    #[test]
    fn nothing_is_found_among_nothing() {
        let index = ViewportIndex::new(std::iter::empty());
        assert!(index.query(&Rect { x: 0.0, y: 0.0, width: 9.0, height: 9.0 }).is_empty());
    }

    proptest! {
        #[test]
        fn a_query_equals_a_linear_scan(
            rectangles in prop::collection::vec(
                (coordinate(), coordinate(), 0u8..3, 0u8..3), 0..200),
            (x, y, width, height) in (side(), side(), side(), side()),
        ) {
            let rectangles: Vec<_> = rectangles
                .into_iter()
                .map(|(x, y, w, h)| (Point { x, y }, Extent { x: w.into(), y: h.into() }))
                .collect();
            let viewport = Rect { x, y, width, height };
            let scan: Vec<_> = (0..rectangles.len())
                .filter(|&i| viewport.meets(rectangles[i].0, rectangles[i].1))
                .collect();
            prop_assert_eq!(ViewportIndex::new(rectangles.into_iter()).query(&viewport), scan);
        }
    }
}
