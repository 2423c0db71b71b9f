//! Energy sources, idle power and impact: what they resolve to, and what a user reads when they are wrong.

use lem_config::{Origin, Override, Request, Resolved, resolve, schema};
use lem_domain::impact::{Multiplier, Multipliers, grid_intensity};
use lem_domain::spec::{BaselineSpec, EnergyChoice, EnergySource, ExperimentSpec};
use serde_json::{Value, json};
use std::time::Duration;

fn set(path: &str, value: Value) -> Override {
    Override { path: path.to_owned(), value, flag: "--set".to_owned() }
}

fn request(settings: &[(&str, Value)]) -> Request {
    let mut overrides = vec![set("model_name", json!("org/tiny"))];
    overrides.extend(settings.iter().map(|(path, value)| set(path, value.clone())));
    Request { overrides, ..Request::default() }
}

fn resolved(request: &Request) -> Resolved {
    resolve(request).unwrap_or_else(|error| panic!("{error}"))
}

fn spec(request: &Request) -> ExperimentSpec {
    resolved(request).spec
}

/// The error with its hint.
fn refused(request: &Request) -> String {
    let error = resolve(request).expect_err("refused");
    error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}\nhint: {hint}"))
}

#[test]
fn a_bare_model_reads_every_sensor_at_its_own_pace_and_has_no_carbon() {
    let spec = spec(&request(&[]));
    assert_eq!((spec.energy.sources, spec.energy.interval), (EnergyChoice::Auto, None));
    assert_eq!(spec.energy.baseline, BaselineSpec { duration: Duration::from_secs(2), keep: true });
    assert_eq!(spec.multipliers, Multipliers::default());
}

#[test]
fn sources_are_a_word_a_list_or_a_text_with_commas() {
    let sources = |value: Value| resolved(&request(&[("energy.backend", value)]));
    let both = EnergyChoice::Only(vec![EnergySource::Nvml, EnergySource::Rapl]);
    for written in [json!(["nvml", "rapl"]), json!("nvml,rapl"), json!("nvml, rapl")] {
        let resolved = sources(written);
        assert_eq!(resolved.spec.energy.sources, both);
        assert_eq!(resolved.document()["energy"]["backend"], json!(["nvml", "rapl"]));
        assert_eq!(resolved.origin("energy.backend"), Origin::CommandLine("--set".into()));
    }
    assert_eq!(sources(json!("none")).spec.energy.sources, EnergyChoice::None);
    // A list of one says the same as its word, and names the same experiment.
    assert_eq!(sources(json!(["rapl"])).canonical_json(), sources(json!("rapl")).canonical_json());
    let real = [("backend", json!("virtual")), ("virtual.clock", json!("real")), ("energy.backend", json!(["virtual", "rapl"]))];
    assert_eq!(spec(&request(&real)).energy.sources, EnergyChoice::Only(vec![EnergySource::Virtual, EnergySource::Rapl]));
    let upper = [("energy.backend", json!(["estimate", "hwmon"])), ("energy.require", json!("measured"))];
    assert!(matches!(spec(&request(&upper)).energy.sources, EnergyChoice::Only(_)));
}

#[test]
fn a_higher_layer_replaces_a_list_of_sources() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("sources.toml");
    std::fs::write(&file, "model_name = \"m\"\nenergy.backend = [\"nvml\", \"rapl\", \"hwmon\"]\n").expect("writable");
    let request = |overrides| Request { file: Some(file.clone()), overrides, ..Request::default() };
    let below = resolved(&request(Vec::new()));
    assert_eq!(below.document()["energy"]["backend"], json!(["nvml", "rapl", "hwmon"]));
    assert_eq!(below.origin("energy.backend"), Origin::File(file.clone()));
    let above = resolved(&request(vec![set("energy.backend", json!(["amd"]))]));
    assert_eq!(above.spec.energy.sources, EnergyChoice::Only(vec![EnergySource::Amd]));
}

#[test]
fn multipliers_know_where_they_come_from() {
    let configured = |value| Some(Multiplier { value, source: "configured".to_owned() });
    let own = spec(&request(&[("impact", json!({ "pue": 1.2, "grid_intensity": 56, "price_per_kwh": 0.25, "currency": "eur" }))]));
    let expected = Multipliers { pue: configured(1.2), grid: configured(56.0), price: configured(0.25), currency: Some("EUR".into()) };
    assert_eq!(own.multipliers, expected);

    let table = resolved(&request(&[("impact.region", json!("deu"))]));
    assert_eq!(table.document()["impact"]["region"], "DEU");
    let grid = table.spec.multipliers.grid.expect("the region has a figure");
    assert_eq!(grid.source, "grid of Germany, 2023: Our World in Data (Ember; Energy Institute)");
    assert_eq!(Some(grid), grid_intensity("DEU"));
    assert_eq!((table.spec.multipliers.pue, table.spec.multipliers.price), (None, None));
}

#[test]
fn the_schema_shows_sources_as_word_or_list() {
    let schema = schema();
    let forms = schema.pointer("/properties/energy/properties/backend/oneOf").and_then(Value::as_array).expect("forms");
    let [word, list] = forms.as_slice() else { panic!("two forms: {forms:?}") };
    assert_eq!(word["enum"], json!(["auto", "nvml", "rapl", "amd", "hwmon", "estimate", "virtual", "none"]));
    assert_eq!(list["items"]["enum"], json!(["nvml", "rapl", "amd", "hwmon", "estimate", "virtual"]));
    assert_eq!(list["uniqueItems"], true);
}

#[test]
fn sources_and_impact_say_what_is_meant() {
    insta::assert_snapshot!(refused(&Request { file: Some("tests/fixtures/energy.yaml".into()), ..Request::default() }), @r#"
    7 settings are wrong
      energy.backend: `nvml` stands in the list twice (tests/fixtures/energy.yaml, line 3, column 3) [C020]
      energy.baseline.duration: 11m is out of bounds: at least 0s and at most 10m (tests/fixtures/energy.yaml, line 5, column 5) [C005]
      energy.baseline.keep: expected `true` or `false`, found the text "maybe" (tests/fixtures/energy.yaml, line 6, column 5) [C002]
      impact.pue: 0.9 is out of bounds: at least 1.0 and at most 3.0 (tests/fixtures/energy.yaml, line 8, column 3) [C005]
      impact.grid_intensity: 0.21 is out of bounds: at least 1.0 and at most 2000.0 (tests/fixtures/energy.yaml, line 9, column 3) [C005]
      impact.price_per_kwh: expected a number, found the text "25 ct" (tests/fixtures/energy.yaml, line 10, column 3) [C002]
      impact.currency: expected three letters of ISO 4217, such as `EUR`, found the text "euro" (tests/fixtures/energy.yaml, line 11, column 3) [C004]
    hint: energy.backend: name each source once
      impact.grid_intensity: it is in grams of CO2 equivalent per kilowatt-hour
    "#);
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!("nvml,raple"))])), @"
    energy.backend: unknown word `raple`, known: auto, nvml, rapl, amd, hwmon, estimate, virtual, none (--set) [C003]
    hint: did you mean `rapl`?
    ");
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!(["nvml", 3]))])), @"energy.backend: a source is a word, found the number 3 (--set) [C004]");
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!([]))])), @"energy.backend: an empty list names no source; write `none` (--set) [C004]");
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!(3))])), @"energy.backend: expected one of `auto`, `nvml`, `rapl`, `amd`, `hwmon`, `estimate`, `virtual`, `none`, or a list of sources, found the number 3 (--set) [C002]");
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!("none,rapl"))])), @"
    energy.backend: `none` stands in a list of sources (--set) [C021]
    hint: write it alone, without a list, or list sources only
    ");
    insta::assert_snapshot!(refused(&request(&[("energy.backend", json!("gpu"))])), @"
    energy.backend: unknown word `gpu`, known: auto, nvml, rapl, amd, hwmon, estimate, virtual, none (--set) [C003]
    hint: `nvml` reads NVIDIA boards, `amd` AMD boards
    ");
    insta::assert_snapshot!(refused(&request(&[("impact.region", json!("Germny"))])), @"
    impact.region: unknown word `Germny`, known: ABW, AFG, AGO and 210 more (--set) [C003]
    hint: did you mean `DEU` (Germany)?
    ");
    insta::assert_snapshot!(refused(&request(&[("impact.region", json!("eu-west-1"))])), @"
    impact.region: unknown word `eu-west-1`, known: ABW, AFG, AGO and 210 more (--set) [C003]
    hint: a region is a country in three letters, such as `FRA`, or `world`; your own figure goes in `impact.grid_intensity`
    ");
    insta::assert_snapshot!(refused(&request(&[("impact.region", json!("UK"))])), @"
    impact.region: unknown word `UK`, known: ABW, AFG, AGO and 210 more (--set) [C003]
    hint: the United Kingdom is `GBR`
    ");
    let both = [("impact.region", json!("FRA")), ("impact.grid_intensity", json!(210))];
    insta::assert_snapshot!(refused(&request(&both)), @"
    impact.grid_intensity: 210 stands beside `impact.region`, `FRA`, which has a figure of its own (--set) [C022]
    hint: leave one of them out; `null` takes back a lower layer's
    ");
    insta::assert_snapshot!(refused(&request(&[("impact.price_per_kwh", json!(0.25))])), @"
    impact.price_per_kwh: it goes with `impact.currency`, which is not set (--set) [C023]
    hint: set both or none
    ");
}
