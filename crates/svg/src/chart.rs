//! A chart: its axes, its lines, and how it is written out.

use std::fmt::Write;

/// Okabe and Ito's colours (2008) that stand out from a light ground.
const COLOURS: [&str; 7] = ["#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
/// Dash patterns; with the marks of each line they tell lines apart without colour.
const DASHES: [&str; 4] = ["none", "9 4", "2 3", "12 4 2 4"];
const INK: &str = "#222222";
const GRID: &str = "#DDDDDD";
const GROUND: &str = "#FFFFFF";

/// Size of a picture, and of the frame that lines are drawn in: left, top, width, height.
const SIZE: (f64, f64) = (900.0, 520.0);
const FRAME: (f64, f64, f64, f64) = (70.0, 60.0, 560.0, 390.0);
/// Where the legend begins, and the height of one of its lines.
const LEGEND: (f64, f64, f64) = (655.0, 72.0, 22.0);
const MARK: f64 = 4.5;

/// An axis from one number to another.
pub struct Axis {
    /// What it shows, with its unit.
    pub title: &'static str,
    /// Its ends; what lies outside is drawn at the end.
    pub from: f64,
    /// The other end.
    pub to: f64,
    /// Whether it is logarithmic.
    pub logarithmic: bool,
    /// Where lines of the grid are drawn.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// Part of the way from its one end to the other.
    fn part(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.max(1e-12).ln() } else { value };
        ((scale(value) - scale(self.from)) / (scale(self.to) - scale(self.from))).clamp(0.0, 1.0)
    }
}

/// A line with its name.
pub struct Line {
    /// In the legend.
    pub name: String,
    /// In order of x.
    pub points: Vec<(f64, f64)>,
    /// Those of the points that bear a mark: every so many.
    pub marked_every: usize,
}

/// A picture.
pub struct Chart {
    /// Heading.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// In the legend's order.
    pub lines: Vec<Line>,
}

impl std::fmt::Display for Chart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = SIZE;
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"14\" fill=\"{INK}\">"
        )?;
        writeln!(f, "<title>{}</title>", escaped(&self.title))?;
        writeln!(f, "<rect width=\"{width}\" height=\"{height}\" fill=\"{GROUND}\"/>")?;
        writeln!(f, "<text x=\"{}\" y=\"32\" font-size=\"17\">{}</text>", FRAME.0, escaped(&self.title))?;
        self.frame(f)?;
        for (i, line) in self.lines.iter().enumerate() {
            self.line(f, i, line)?;
        }
        writeln!(f, "</svg>")
    }
}

impl Chart {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (left, top, width, height) = FRAME;
        (left + width * self.x.part(x), top + height * (1.0 - self.y.part(y)))
    }

    fn frame(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (left, top, width, height) = FRAME;
        let (right, bottom) = (left + width, top + height);
        for tick in &self.x.ticks {
            let (x, _) = self.at((*tick, self.y.from));
            writeln!(f, "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"{GRID}\"/>")?;
            writeln!(f, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>", bottom + 20.0)?;
        }
        for tick in &self.y.ticks {
            let (_, y) = self.at((self.x.from, *tick));
            writeln!(f, "<path d=\"M{left} {y:.1}H{right}\" stroke=\"{GRID}\"/>")?;
            writeln!(f, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>", left - 8.0, y + 5.0)?;
        }
        writeln!(f, "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"{INK}\"/>")?;
        let middle = left + width / 2.0;
        let x_title = escaped(self.x.title);
        writeln!(f, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{x_title}</text>", bottom + 46.0)?;
        let middle = top + height / 2.0;
        let turned = format!("transform=\"rotate(-90 22 {middle})\" text-anchor=\"middle\"");
        writeln!(f, "<text x=\"22\" y=\"{middle}\" {turned}>{}</text>", escaped(self.y.title))
    }

    fn line(&self, f: &mut std::fmt::Formatter<'_>, i: usize, line: &Line) -> std::fmt::Result {
        let colour = COLOURS[i % COLOURS.len()];
        let stroke = format!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{}\"",
            DASHES[i % DASHES.len()]
        );
        let at: Vec<(f64, f64)> = line.points.iter().map(|point| self.at(*point)).collect();
        let mut path = String::new();
        for (j, (x, y)) in at.iter().enumerate() {
            write!(path, "{}{x:.1} {y:.1}", if j == 0 { "M" } else { "L" })?;
        }
        if !path.is_empty() {
            writeln!(f, "<path d=\"{path}\" {stroke}/>")?;
        }
        for point in at.iter().step_by(line.marked_every.max(1)) {
            writeln!(f, "{}", mark(i, *point, colour))?;
        }
        let (x, y) = (LEGEND.0, LEGEND.1 + LEGEND.2 * i as f64);
        writeln!(f, "<path d=\"M{x} {y:.1}h40\" {stroke}/>")?;
        writeln!(f, "{}", mark(i, (x + 20.0, y), colour))?;
        writeln!(f, "<text x=\"{}\" y=\"{:.1}\">{}</text>", x + 48.0, y + 5.0, escaped(&line.name))
    }
}

/// The mark of a line: one of five shapes, so that shape and dash together repeat only after twenty lines.
fn mark(i: usize, (x, y): (f64, f64), colour: &str) -> String {
    let m = MARK;
    let shape = match i % 5 {
        0 => return format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{m}\" fill=\"{colour}\"/>"),
        1 => format!("M{:.1} {:.1}h{}v{}h-{}z", x - m, y - m, 2.0 * m, 2.0 * m, 2.0 * m),
        2 => format!("M{x:.1} {:.1}l{m} {}h-{}z", y - m, 2.0 * m, 2.0 * m),
        3 => format!("M{x:.1} {:.1}l{m} {m}l-{m} {m}l-{m} -{m}z", y - m),
        _ => format!("M{:.1} {:.1}l{d} {d}m0 -{d}l-{d} {d}", x - m, y - m, d = 2.0 * m),
    };
    format!(
        "<path d=\"{shape}\" fill=\"{}\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        if i % 5 == 4 { "none" } else { colour }
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(lines: usize) -> Chart {
        let axis =
            |title, logarithmic| Axis { title, from: 1.0, to: 100.0, logarithmic, ticks: vec![1.0, 10.0, 100.0] };
        let line =
            |i: usize| Line { name: format!("line <{i}>"), points: vec![(1.0, 1.0), (10.0, 1_000.0)], marked_every: 2 };
        Chart { title: "a & b".into(), x: axis("x", true), y: axis("y", false), lines: (0..lines).map(line).collect() }
    }

    #[test]
    fn points_lie_where_their_axes_say_and_never_outside() {
        let chart = chart(1);
        let (left, top, width, height) = FRAME;
        assert_eq!(chart.at((1.0, 1.0)), (left, top + height));
        assert_eq!(chart.at((10.0, 100.0)), (left + width / 2.0, top));
        assert_eq!(chart.at((0.0, 1e9)), (left, top));
        let text = chart.to_string();
        assert!(text.contains("<path d=\"M70.0 450.0L350.0 60.0\" fill=\"none\" stroke=\"#000000\""), "{text}");
        assert_eq!(text.matches("<circle").count(), 2, "one on the line, one in the legend: {text}");
        assert!(text.contains("a &amp; b") && text.contains("line &lt;0&gt;"));
    }

    #[test]
    fn twenty_lines_differ_without_colour() {
        let cues: std::collections::BTreeSet<_> = (0..20).map(|i| (i % DASHES.len(), i % 5)).collect();
        assert_eq!(cues.len(), 20);
        assert_eq!(chart(20).to_string().matches("stroke-dasharray").count(), 40);
    }
}
