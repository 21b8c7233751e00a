//! `/reference`: the document as a page that loads nothing: no script, no style, no font, no picture. The policy that every
//! answer carries would let none in either.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::openapi::document;

/// `/reference`.
pub(super) async fn reference() -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page(&document())).into_response()
}

fn page(document: &Value) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Headwater API</title></head><body>",
    );
    let (title, about) = (text(&document["info"]["title"]), text(&document["info"]["description"]));
    page.push_str(&format!("<h1>{title} API</h1><p>{about}</p>"));
    page.push_str("<p><a href=\"/openapi.json\">The same as OpenAPI 3.1</a></p><h2>Routes</h2><ul>");
    let operations = || {
        let methods = |(path, methods): (&String, &Value)| {
            let path = escaped(path);
            let of = |(method, operation): (&String, &Value)| {
                (format!("{} {path}", method.to_uppercase()), operation.clone())
            };
            methods.as_object().into_iter().flatten().map(of).collect::<Vec<_>>()
        };
        document["paths"].as_object().into_iter().flatten().flat_map(methods)
    };
    for (name, operation) in operations() {
        page.push_str(&format!(
            "<li><a href=\"#{}\"><code>{name}</code></a> {}</li>",
            anchor(&name),
            text(&operation["summary"])
        ));
    }
    page.push_str("</ul>");
    for (name, of) in operations() {
        operation(&mut page, &name, &of);
    }
    page.push_str("<h2>Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let schema = escaped(&serde_json::to_string_pretty(schema).unwrap_or_default());
        let name = escaped(name);
        page.push_str(&format!(
            "<details id=\"{name}\"><summary><code>{name}</code></summary><pre>{schema}</pre></details>"
        ));
    }
    page.push_str("</body></html>");
    page
}

/// A method of a path: what it does, what it takes, what it answers.
fn operation(page: &mut String, name: &str, of: &Value) {
    page.push_str(&format!("<h3 id=\"{}\"><code>{name}</code></h3>", anchor(name)));
    for key in ["summary", "description"] {
        if of[key].is_string() {
            page.push_str(&format!("<p>{}</p>", text(&of[key])));
        }
    }
    let parameters = of["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str(
            "<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th>what it says</th></tr></thead><tbody>",
        );
        for parameter in parameters {
            let [name, place, what] = ["name", "in", "description"].map(|key| text(&parameter[key]));
            let needed = if parameter["required"] == true { ", needed" } else { "" };
            let of = kind(&parameter["schema"]);
            page.push_str(&format!(
                "<tr><td><code>{name}</code></td><td>{place}{needed}</td><td>{of}</td><td>{what}</td></tr>"
            ));
        }
        page.push_str("</tbody></table>");
    }
    if of["requestBody"].is_object() {
        page.push_str(&format!("<p>Body: {}</p>", contents(&of["requestBody"])));
    }
    page.push_str("<ul>");
    for (status, answer) in of["responses"].as_object().into_iter().flatten() {
        let what = match answer["$ref"].as_str() {
            // The one answer that all have in common.
            Some(_) => "a problem document: <a href=\"#Problem\">Problem</a>".to_owned(),
            None => contents(answer),
        };
        page.push_str(&format!("<li>{}: {what}</li>", escaped(status)));
    }
    page.push_str("</ul>");
}

/// The media types of a body, each with what it holds.
fn contents(of: &Value) -> String {
    let content = of["content"].as_object().into_iter().flatten();
    let each = content.map(|(media, of)| format!("<code>{}</code> {}", escaped(media), kind(&of["schema"])));
    each.collect::<Vec<_>>().join(", ")
}

/// What a schema is, in a word: its name, or its type.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let words: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|of| *of != "null").collect(),
        one => one.as_str().into_iter().collect(),
    };
    escaped(&[words.join(" or "), schema["format"].as_str().unwrap_or_default().to_owned()].join(" ")).trim().to_owned()
}

/// The place of an operation on the page.
fn anchor(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_the_document_stands_on_the_page_and_nothing_is_loaded() {
        let (document, page) = (document(), page(&document()));
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(
                    page.contains(&format!("<h3 id=\"{}\">", anchor(&format!("{} {path}", method.to_uppercase()))))
                );
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(page.contains(&format!("<td><code>{}</code></td>", parameter["name"].as_str().unwrap())));
                }
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("<details id=\"{name}\">")), "{name}");
        }
        // Every link leads to a place of the page, or to the document.
        for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let place = link.strip_prefix('#').map(|id| page.contains(&format!("id=\"{id}\"")));
            assert!(place.unwrap_or(link == "/openapi.json"), "{link}");
        }
        for loads in ["src=", "<script", "<link", "<style", "style=", "@import", "<img", "<iframe", "http-equiv"] {
            assert!(!page.contains(loads), "{loads}");
        }
        assert!(page.contains("Body: <code>application/json</code> <a href=\"#NewKey\">NewKey</a>"));
    }

    #[test]
    fn text_of_the_document_is_no_markup() {
        let document = serde_json::json!({"info": {"title": "<b>\"&"}, "paths": {"/<i>": {"get": {}}}});
        let page = page(&document);
        assert!(page.contains("&lt;b&gt;&quot;&amp; API") && !page.contains("<b>") && !page.contains("<i>"), "{page}");
    }
}
