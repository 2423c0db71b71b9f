//! Tables of results: what is missing is missing, units are in names, and every format tells the same.

use crate::support::{Scene, id, run, run_of_1_0, save};
use lem_domain::sensor::SensorRecord;
use lem_results::export::{Format, Layout, export};
use lem_results::{StoredResult, figure};
use polars::io::SerReader;
use polars::prelude::ParquetReader;
use serde_json::Value;
use std::io::Cursor;

/// One result with all there is, and one without any sensor.
fn results() -> Vec<StoredResult> {
    let scene = Scene::empty();
    let mut blind = run_of_1_0();
    blind.host.meter = SensorRecord::default();
    let stored = |name: &str, run| {
        let id = id(name);
        save(&scene.results, &id, &run);
        scene.results.aggregate(&id).unwrap();
        scene.results.stored(&id).unwrap().unwrap()
    };
    vec![stored("seeing", run()), stored("blind", blind)]
}

fn text(format: Format, layout: Layout) -> String {
    String::from_utf8(export(&results(), format, layout).unwrap()).unwrap()
}

fn rows(layout: Layout) -> Vec<Value> {
    serde_json::from_str(&text(Format::Json, layout)).unwrap()
}

#[test]
fn what_is_missing_is_null_with_its_reason_and_never_zero() {
    let [seeing, blind] = &rows(Layout::Wide)[..] else { panic!("two rows") };
    assert!(seeing["energy_j"].as_f64().unwrap() > 0.0 && seeing["energy_j:expanded_k2"].as_f64().unwrap() > 0.0);
    assert_eq!((&seeing["energy_j:grade"], &seeing["energy_j:boundary"]), (&"measured".into(), &"gpu_board".into()));
    for name in ["energy_j", "energy_j_per_output_token", "mean_power_w", "carbon_g_co2e"] {
        assert_eq!(blind[name], Value::Null, "{name}");
        assert_eq!(blind[format!("{name}:grade")], "unavailable", "{name}");
        assert!(blind[format!("{name}:absence")].as_str().is_some_and(|reason| !reason.is_empty()), "{name}");
    }
    assert_eq!((&blind["output_tokens"], &blind["kv_cache_bytes"]), (&64.into(), &Value::Null));
}

#[test]
fn the_long_table_holds_every_figure_once_with_all_that_questions_it() {
    let results = results();
    let long = rows(Layout::Long);
    let n_figures: usize = results.iter().map(|result| figure::figures(&result.summary).len()).sum();
    assert_eq!(long.len(), n_figures);
    for row in &long {
        assert_eq!(row["value"].is_null(), row["absence"].is_string(), "{row}");
        assert!(row["value"].is_null() || row["grade"] != "unavailable", "{row}");
    }
}

#[test]
fn the_name_of_a_column_says_its_unit() {
    for figure in figure::figures(&results()[0].summary) {
        let ending = match figure.unit.as_str() {
            "J" => "_j",
            "W" => "_w",
            "s" => "_s",
            "B" => "_bytes",
            "B/s" => "_b_per_s",
            "tok/s" => "_tok_per_s",
            "tok/J" => "_tok_per_j",
            "J/token" => "_j_per_output_token",
            "J/request" => "_j_per_request",
            "FLOP" => "_flop",
            "FLOP/s" => "_flop_per_s",
            "g CO2e" => "_g_co2e",
            "EUR" => "_eur",
            "req/s" => "requests_per_s",
            "tok" => "_tokens",
            "req" => "requests_",
            "" => "_values",
            other => panic!("no rule for `{other}` of {}", figure.name),
        };
        assert!(figure.name.contains(ending), "{} in {}", figure.name, figure.unit);
    }
}

#[test]
fn parquet_and_csv_hold_the_same_as_json() {
    for layout in [Layout::Wide, Layout::Long] {
        let json = rows(layout);
        let bytes = export(&results(), Format::Parquet, layout).unwrap();
        let frame = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
        assert_eq!(frame.height(), json.len());
        let csv = text(Format::Csv, layout);
        assert_eq!(csv.lines().next().unwrap().split(',').count(), frame.width());
        for (row, object) in json.iter().enumerate() {
            for column in frame.columns() {
                let (cell, expected) = (column.get(row).unwrap(), &object[column.name().as_str()]);
                let same = match expected {
                    Value::Null => cell.is_null(),
                    Value::String(text) => cell.get_str() == Some(text),
                    number => cell.try_extract::<f64>().unwrap().to_bits() == number.as_f64().unwrap().to_bits(),
                };
                assert!(same, "{} of row {row}: {cell:?} is not {expected}", column.name());
            }
        }
    }
}

#[test]
fn tables_for_people_mark_estimates_and_give_reasons_below() {
    let markdown = text(Format::Markdown, Layout::Wide);
    let table: Vec<&str> = markdown.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(table.len(), 4, "{markdown}");
    let bars = |line: &str| line.matches('|').count();
    assert!(table.iter().all(|line| bars(line) == bars(table[0])), "{markdown}");
    assert!(table[2].contains(" ± ") && table[3].contains("–<sup>1</sup>"), "{markdown}");
    assert!(markdown.contains("<sup>1</sup> not available: "), "{markdown}");
    let latex = text(Format::Latex, Layout::Wide);
    assert!(latex.contains("\\toprule") && latex.contains(" \\pm ") && latex.contains("--\\textsuperscript{1}"), "{latex}");
}

#[test]
fn settings_that_differ_become_columns() {
    let mut results = results();
    for (result, size) in results.iter_mut().zip([1, 8]) {
        result.settings.insert("batching.batch_size".into(), size.into());
        result.settings.insert("backend".into(), "candle".into());
        result.settings.insert("config_name".into(), size.to_string().into());
    }
    let rows: Vec<Value> = serde_json::from_slice(&export(&results, Format::Json, Layout::Wide).unwrap()).unwrap();
    assert_eq!((&rows[0]["setting:batching.batch_size"], &rows[1]["setting:batching.batch_size"]), (&"1".into(), &"8".into()));
    assert!(rows[0].get("setting:backend").is_none() && rows[0].get("setting:config_name").is_none());
}
