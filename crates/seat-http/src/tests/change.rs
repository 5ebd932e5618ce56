use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value, json};

/// What becomes of one value of a body.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Replace(Value),
    Remove,
    Wrap,
    Repeat(usize),
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        select(vec!["A-1", "B-1", "T", "table:T", "1-1", "paid", "a@b.example", "c"])
            .prop_map(String::from),
        ".{0,9}",
        "[\\x00-\\x1f\"\\\\]{1,3}",
        (0usize..3_000).prop_map(|length| "é".repeat(length)),
    ];
    let leaf = prop_oneof![
        text.prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![-1.0, -0.0, 0.0, 0.005, 1e12, 1e300]).prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            ("[a-z]{0,3}", inner).prop_map(|(name, value)| json!({ name: value })),
        ]
    })
}

/// A change, and which of a body's values it is of.
pub(super) fn any_change() -> impl Strategy<Value = (Index, Change)> {
    let change = prop_oneof![
        4 => any_json().prop_map(Change::Replace),
        2 => Just(Change::Remove),
        1 => Just(Change::Wrap),
        1 => (0usize..300).prop_map(Change::Repeat),
    ];
    (any::<Index>(), change)
}

/// The pointers to every value of this one, itself the first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found));
        }
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The body after these changes, one after the other.
pub(super) fn changed(mut body: Value, changes: Vec<(Index, Change)>) -> Value {
    for (place, change) in changes {
        let mut found = Vec::new();
        places(&body, "", &mut found);
        let Some(value) = body.pointer_mut(&found[place.index(found.len())]) else { continue };
        *value = match (change, value.take()) {
            (Change::Replace(other), _) => other,
            (Change::Wrap, value) => json!([value]),
            (Change::Repeat(times), value) => vec![value; times].into(),
            (Change::Remove, Value::Object(mut fields)) => {
                let name = fields.keys().nth(place.index(fields.len().max(1))).cloned();
                name.and_then(|name| fields.remove(&name));
                fields.into()
            }
            (Change::Remove, _) => Value::Object(Map::new()),
        };
    }
    body
}
