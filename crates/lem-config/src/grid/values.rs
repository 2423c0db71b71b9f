//! The values of an axis: `1, 2, 4`, `true, null`, `"a, b"`, `1..8`, `0..1:0.25`, `1..64:log2`.

use super::error::GridError;
use serde_json::{Number, Value};

/// Most values of a range.
const MOST: usize = 100_000;

/// Values between commas; each is JSON where it can be read as such, else a range or a text.
pub(super) fn parse(text: &str) -> Result<Vec<Value>, GridError> {
    let mut values = Vec::new();
    for part in split(text, ',').map(str::trim).filter(|part| !part.is_empty()) {
        match serde_json::from_str(part) {
            Ok(value) => values.push(value),
            Err(_) => match range(part)? {
                Some(range) => values.extend(range),
                None => values.push(part.into()),
            },
        }
    }
    Ok(values)
}

/// The parts between separators that stand neither in quotes nor in brackets.
pub(super) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    text.split(move |letter| {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        letter == separator && !quoted && depth <= 0
    })
}

/// The values of a range with its end; `None` when the text is none.
fn range(text: &str) -> Result<Option<Vec<Value>>, GridError> {
    let Some((start, rest)) = text.split_once("..") else { return Ok(None) };
    let (end, step) = rest.split_once(':').map_or((rest, None), |(end, step)| (end, Some(step.trim())));
    let (Ok(first), Ok(last)) = (start.trim().parse::<f64>(), end.trim().parse::<f64>()) else { return Ok(None) };
    let wrong = |reason| GridError::Range { text: text.to_owned(), reason };
    if !(first.is_finite() && last.is_finite() && first <= last) {
        return Err(wrong("it ends before it starts"));
    }
    let decimals = |number: &str| number.trim().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let places = [start, end].into_iter().chain(step).map(decimals).max().unwrap_or(0);
    let mut values = Vec::new();
    match step {
        Some(word @ ("log2" | "log10")) => {
            let factor = if word == "log2" { 2.0 } else { 10.0 };
            if first <= 0.0 {
                return Err(wrong("multiples start above 0"));
            }
            let mut value = first;
            while value <= last * (1.0 + f64::EPSILON) {
                values.push(number(value, places.max(6)));
                value *= factor;
            }
        }
        step => {
            let step: f64 = step.map_or(Ok(1.0), str::parse).map_err(|_| wrong("its step is no number"))?;
            if !(step.is_finite() && step > 0.0) {
                return Err(wrong("its step is not above 0"));
            }
            // Counted, not summed, so that no rounding adds up.
            let steps = ((last - first) / step * (1.0 + f64::EPSILON)).floor();
            #[expect(clippy::cast_precision_loss, reason = "a bound far below 2^52")]
            if steps >= MOST as f64 {
                return Err(wrong("it has too many values"));
            }
            let mut count = 0.0;
            while count <= steps {
                values.push(number(first + count * step, places));
                count += 1.0;
            }
        }
    }
    Ok(Some(values))
}

/// A number to so many decimals, whole where it is.
fn number(value: f64, places: usize) -> Value {
    let text = format!("{value:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let whole = text.parse::<i64>().map(Number::from).ok();
    let number = whole.or_else(|| text.parse().ok().and_then(Number::from_f64));
    number.map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(text: &str, expected: &Value) {
        assert_eq!(Value::Array(parse(text).unwrap()), *expected, "{text}");
    }

    #[test]
    fn values_keep_their_types() {
        check("1, 2.5,true , null,float16", &json!([1, 2.5, true, null, "float16"]));
        check("\"1\", \"a, b\", [1, 2], 200ms", &json!(["1", "a, b", [1, 2], "200ms"]));
        check("org/model@main, ./a.gguf", &json!(["org/model@main", "./a.gguf"]));
        check("", &json!([]));
    }

    #[test]
    fn ranges_hold_their_ends() {
        check("1..4", &json!([1, 2, 3, 4]));
        check("0..1:0.25", &json!([0, 0.25, 0.5, 0.75, 1]));
        check("0.1..0.3:0.1", &json!([0.1, 0.2, 0.3]));
        check("1..64:log2", &json!([1, 2, 4, 8, 16, 32, 64]));
        check("3..50:log2", &json!([3, 6, 12, 24, 48]));
        check("0.001..1:log10", &json!([0.001, 0.01, 0.1, 1]));
        check("8, 16..18", &json!([8, 16, 17, 18]));
        check("-2..2:2", &json!([-2, 0, 2]));
    }

    #[test]
    fn a_range_without_an_end_in_sight_is_refused() {
        for text in ["4..1", "0..8:log2", "1..2:0", "1..2:-1", "1..2:fast", "0..1e300", "1..1e9:0.001"] {
            assert!(matches!(parse(text), Err(GridError::Range { .. })), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_json_stays_what_it_is(text in ".{0,40}", value in any::<i32>()) {
            let _ = parse(&text);
            prop_assert_eq!(parse(&value.to_string()).unwrap(), [json!(value)]);
        }
    }
}
