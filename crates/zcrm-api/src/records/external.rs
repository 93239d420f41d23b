//! Ids of another system that a field of Zoho holds: the header `X-EXTERNAL`.

use zcrm_core::Error;

pub(super) const HEADER: &str = "X-EXTERNAL";

/// Returns the value of the header, such as `Leads.External_Id`. For the field of a looked-up
/// record it is a path: `Quotes.Quoted_Items.Product_Name.Products_External`.
pub(super) fn header<S: AsRef<str>>(module: &str, fields: &[S]) -> Result<String, Error> {
    let full = |field: &S| {
        let field = field.as_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if field.is_empty()
            || !field.split('.').all(|part| !part.is_empty() && part.chars().all(plain))
        {
            return Err(Error::input(format!(
                "invalid external field `{}`: write its API name, or for the field of a looked-up record the \
                 path with dots, such as `Leads.Account_Name.External_Id`",
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
