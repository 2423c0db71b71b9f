//! Token events as rows.

use super::{StreamError, column, decode, encode, values};
use lem_domain::Timestamp;
use lem_domain::token::{FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use polars::prelude::{Column, DataFrame, StringChunked};

const REQUEST: &str = "request";
const AT: &str = "at_ns";
const KIND: &str = "kind";
const COUNT: &str = "count";
const REASON: &str = "reason";

const ARRIVED: &str = "arrived";
const SCHEDULED: &str = "scheduled";
const TOKENS: &str = "tokens";
const FINISHED: &str = "finished";

/// The events as a Parquet file.
///
/// # Errors
/// When the codec fails.
pub(crate) fn encode_events(events: &[TokenEvent]) -> Result<Vec<u8>, StreamError> {
    let of = |part: fn(TokenEventKind) -> Option<&'static str>| events.iter().map(|event| part(event.kind)).collect::<Vec<_>>();
    let counts: Vec<Option<u32>> = events.iter().map(|event| count(event.kind)).collect();
    let columns = vec![
        Column::new(REQUEST.into(), events.iter().map(|event| event.request.0).collect::<Vec<u32>>()),
        Column::new(AT.into(), events.iter().map(|event| event.at.as_nanos()).collect::<Vec<u64>>()),
        Column::new(KIND.into(), of(|kind| Some(kind_name(kind)))),
        Column::new(COUNT.into(), counts),
        Column::new(REASON.into(), of(reason_name)),
    ];
    encode(events.len(), columns)
}

/// The events of a Parquet file, in their order.
///
/// # Errors
/// When the bytes are no whole Parquet file, or a column is missing, of another type, or holds what no event has.
pub(crate) fn decode_events(bytes: &[u8]) -> Result<Vec<TokenEvent>, StreamError> {
    let frame = decode(bytes)?;
    let requests = values(&frame, REQUEST, |column| column.u32())?;
    let instants = values(&frame, AT, |column| column.u64())?;
    let count_column = column(&frame, COUNT)?;
    let counts = count_column.u32().map_err(|_| StreamError::column(COUNT, format!("unexpected type {}", count_column.dtype())))?;
    let (kinds, reasons) = (texts(&frame, KIND)?, texts(&frame, REASON)?);
    let mut events = Vec::with_capacity(requests.len());
    for (row, (request, at)) in requests.into_iter().zip(instants).enumerate() {
        let kind = kind(row, kinds.get(row), counts.get(row), reasons.get(row))?;
        events.push(TokenEvent { request: RequestIndex(request), at: Timestamp::from_nanos(at), kind });
    }
    Ok(events)
}

fn texts<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a StringChunked, StreamError> {
    let column = column(frame, name)?;
    column.str().map_err(|_| StreamError::column(name, format!("unexpected type {}", column.dtype())))
}

fn kind_name(kind: TokenEventKind) -> &'static str {
    match kind {
        TokenEventKind::Arrived => ARRIVED,
        TokenEventKind::Scheduled => SCHEDULED,
        TokenEventKind::Tokens { .. } => TOKENS,
        TokenEventKind::Finished(_) => FINISHED,
    }
}

fn count(kind: TokenEventKind) -> Option<u32> {
    match kind {
        TokenEventKind::Tokens { count } => Some(count),
        TokenEventKind::Arrived | TokenEventKind::Scheduled | TokenEventKind::Finished(_) => None,
    }
}

fn reason_name(kind: TokenEventKind) -> Option<&'static str> {
    match kind {
        TokenEventKind::Finished(reason) => Some(reason.as_str()),
        TokenEventKind::Arrived | TokenEventKind::Scheduled | TokenEventKind::Tokens { .. } => None,
    }
}

fn kind(row: usize, kind: Option<&str>, count: Option<u32>, reason: Option<&str>) -> Result<TokenEventKind, StreamError> {
    let unexpected = |column, value: &str| StreamError::column(column, format!("unexpected {value} in row {row}"));
    match (kind, count, reason) {
        (Some(ARRIVED), None, None) => Ok(TokenEventKind::Arrived),
        (Some(SCHEDULED), None, None) => Ok(TokenEventKind::Scheduled),
        (Some(TOKENS), Some(count), None) => Ok(TokenEventKind::Tokens { count }),
        (Some(FINISHED), None, Some(name)) => {
            let reason = FinishReason::ALL.iter().copied().find(|reason| reason.as_str() == name);
            reason.map(TokenEventKind::Finished).ok_or_else(|| unexpected(REASON, &format!("`{name}`")))
        }
        (Some(TOKENS), None, _) => Err(unexpected(COUNT, "null")),
        (Some(FINISHED), _, None) => Err(unexpected(REASON, "null")),
        (Some(ARRIVED | SCHEDULED | FINISHED), Some(count), _) => Err(unexpected(COUNT, &count.to_string())),
        (Some(ARRIVED | SCHEDULED | TOKENS), _, Some(name)) => Err(unexpected(REASON, &format!("`{name}`"))),
        (Some(stranger), _, _) => Err(unexpected(KIND, &format!("`{stranger}`"))),
        (None, _, _) => Err(unexpected(KIND, "null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream of one row says when it is read.
    fn problem(columns: Vec<Column>) -> String {
        match decode_events(&encode(1, columns).unwrap()) {
            Err(StreamError::Column(error)) => format!("{}: {}", error.field, error.problem),
            other => panic!("{other:?}"),
        }
    }

    fn row(kind: Option<&str>, count: Option<u32>, reason: Option<&str>) -> Vec<Column> {
        vec![
            Column::new(REQUEST.into(), [0u32]),
            Column::new(AT.into(), [0u64]),
            Column::new(KIND.into(), [kind]),
            Column::new(COUNT.into(), [count]),
            Column::new(REASON.into(), [reason]),
        ]
    }

    #[test]
    fn rows_that_no_event_has_are_named() {
        let check = |kind, count, reason, expected: &str| assert_eq!(problem(row(kind, count, reason)), expected);
        check(Some("resumed"), None, None, "kind: unexpected `resumed` in row 0");
        check(None, None, None, "kind: unexpected null in row 0");
        check(Some("tokens"), None, None, "count: unexpected null in row 0");
        check(Some("arrived"), Some(3), None, "count: unexpected 3 in row 0");
        check(Some("scheduled"), None, Some("stop"), "reason: unexpected `stop` in row 0");
        check(Some("finished"), None, None, "reason: unexpected null in row 0");
        check(Some("finished"), None, Some("bored"), "reason: unexpected `bored` in row 0");
    }

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_named() {
        let mut without = row(Some(ARRIVED), None, None);
        without.remove(1);
        assert_eq!(problem(without), "at_ns: the column is missing");
        let mut other = row(Some(ARRIVED), None, None);
        other[1] = Column::new(AT.into(), [0i64]);
        assert_eq!(problem(other), "at_ns: unexpected type i64");
        let mut null = row(Some(ARRIVED), None, None);
        null[0] = Column::new(REQUEST.into(), [None::<u32>]);
        assert_eq!(problem(null), "request: 1 values are missing");
    }

    #[test]
    fn a_truncated_file_is_an_error_at_every_length() {
        let event = TokenEvent { request: RequestIndex(3), at: Timestamp::from_nanos(7), kind: TokenEventKind::Tokens { count: 2 } };
        let whole = encode_events(&[event]).unwrap();
        assert_eq!(decode_events(&whole).unwrap(), [event]);
        for length in 0..whole.len() {
            assert!(matches!(decode_events(&whole[..length]), Err(StreamError::Codec(_))), "{length} of {} bytes", whole.len());
        }
    }
}
