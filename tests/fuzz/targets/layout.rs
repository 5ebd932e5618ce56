//! A layout's document: a layout that survives its own document, or errors that name places.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seat_layout::{Layout, LayoutDocument, Rect};

fuzz_target!(|json: &[u8]| {
    let Ok(document) = serde_json::from_slice::<LayoutDocument>(json) else { return };
    match Layout::new(document) {
        Ok(layout) => {
            let document = layout.to_document();
            let again = Layout::new(document.clone()).expect("a layout's document is one");
            assert_eq!(again.to_document(), document);
            let json = serde_json::to_vec(&document).expect("a document has no failing parts");
            let read: LayoutDocument = serde_json::from_slice(&json).expect("it was just written");
            assert_eq!(read.seats.len(), document.seats.len());
            let all = Rect { x: 0.0, y: 0.0, width: 1e9, height: 1e9 };
            assert_eq!(layout.seats_in(&all).len(), layout.seats().len());
        }
        Err(errors) => {
            assert!((1..=100).contains(&errors.places().len()));
            assert!(errors.places().iter().all(|place| !place.field.is_empty()));
        }
    }
});
