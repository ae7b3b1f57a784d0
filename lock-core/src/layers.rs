//! Data flows downwards only: a module uses what stands below it in this table, and the leaves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// From the top to the bottom.
const LAYERS: [&str; 8] = ["__private", "manager", "run", "kind", "engine", "backend", "key", "name"];
/// Usable from everywhere; they use only each other and, for the types that errors and parameters carry, `key`.
const LEAVES: [&str; 7] = ["annotated", "clock", "error", "holder", "migration", "params", "process"];

#[test]
fn modules_use_only_what_stands_below_them() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (place, module) in LAYERS.iter().enumerate() {
        for used in modules_used_in(&sources, module) {
            if LAYERS[..place].contains(&used.as_str()) {
                wrong.push(format!("{module} uses {used}, which stands above it"));
            }
        }
    }
    for module in LEAVES {
        for used in modules_used_in(&sources, module) {
            if !LEAVES.contains(&used.as_str()) && used != "key" {
                wrong.push(format!("the leaf {module} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_layer() {
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared = root.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let declared: BTreeSet<&str> = declared.map(|line| line.trim_end_matches(';')).collect();
    let known: BTreeSet<&str> = LAYERS.into_iter().chain(LEAVES).chain(["layers"]).collect();
    assert_eq!(declared, known);
}

/// The modules named after `crate::` in a module's files.
fn modules_used_in(sources: &Path, module: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let file = sources.join(format!("{module}.rs"));
    let mut open = if file.exists() { vec![file] } else { vec![sources.join(module)] };
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                used.extend(line.split("crate::").skip(1).map(first_word));
            }
        }
    }
    used.remove(module);
    used.retain(|name| LAYERS.contains(&name.as_str()) || LEAVES.contains(&name.as_str()));
    used
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
