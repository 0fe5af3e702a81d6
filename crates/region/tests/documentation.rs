use crate::support::{show, today};
use findings::Sources;
use region::InputFile;
use region::files::FileKind;

/// The example of the reference, file by file, is a region without a finding
/// that matters, and asks for journeys.
#[test]
fn example_of_the_reference() {
    let page = include_str!("../../../docs/reference/region-files.md");
    let mut sources = Sources::new();
    let mut input = Vec::new();
    for block in page.split("\n```yaml ").skip(1) {
        let (path, rest) = block.split_once('\n').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        let kind = FileKind::of_path(path).unwrap().unwrap();
        let file = sources.add(path, text);
        input.push(InputFile { kind, file });
    }
    assert_eq!(input.len(), 9);
    let region = match region::read(&input, &sources) {
        Ok(region) => region,
        Err(problems) => panic!("{}", show(&sources, &problems)),
    };
    insta::assert_snapshot!(show(&sources, &region.findings(today())), @"");
    assert_eq!(region.journeys(today()).len(), 2);
}
