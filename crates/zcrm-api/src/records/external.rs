//! Ids of another system, held in a field of Zoho's: the header `X-EXTERNAL`.

use zcrm_core::Error;

pub(super) const HEADER: &str = "X-EXTERNAL";

/// The header's value: `Leads.External_Id`, or longer where the field is that of a lookup
/// (`Quotes.Quoted_Items.Product_Name.Products_External`).
pub(super) fn header<S: AsRef<str>>(module: &str, fields: &[S]) -> Result<String, Error> {
    let full = |field: &S| {
        let field = field.as_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if field.is_empty()
            || !field.split('.').all(|part| !part.is_empty() && part.chars().all(plain))
        {
            return Err(Error::input(format!(
                "`{}` is no external field: write its API name, or the whole way to that of a lookup \
                 with dots",
                field.escape_debug()
            )));
        }
        Ok(match field.contains('.') {
            true => field.to_owned(),
            false => format!("{module}.{field}"),
        })
    };
    Ok(fields.iter().map(full).collect::<Result<Vec<_>, _>>()?.join(","))
}
