//! No secret is shown: not by a type, not by an error, not in a log.

use std::sync::atomic::Ordering;

use serde_json::json;
use zcrm_core::{BoxError, DataCenter, Origin, SecretString};
use zcrm_oauth::{
    ClientCredentials, ClientSecret, CredentialsProvider, Grant, MemoryStore, RefreshLock,
    StoreError, UnsavedToken,
};
use zcrm_sim::Simulator;
use zcrm_test_kit::{Logs, until, whole_text};

use crate::support::{
    FaultyStore, Fixture, HOUR, access, accounts, credentials, origin, read, refresh_token,
};

#[tokio::test]
async fn hides_secrets_in_all_outputs() {
    let (logs, guard) = Logs::capture();

    let builder = Simulator::builder().client("1000.MYAPP", "marked-secret", "https://x.y/z");
    let fixture = Fixture::built(builder, FaultyStore::default()).await;
    let mut shown = String::new();
    let mut secrets = vec!["marked".to_owned()];

    // a login, a spent grant, a login that cannot be saved
    let grant = fixture.sim.grant_token();
    secrets.push(grant.clone());
    let login = fixture.tokens.exchange(grant.clone()).await.unwrap();
    shown += &format!("{login:?}");
    shown += &whole_text(&fixture.tokens.exchange(grant).await.unwrap_err());
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    let grant = fixture.sim.grant_token();
    secrets.push(grant.clone());
    let error = fixture.tokens.exchange(grant).await.unwrap_err();
    let unsaved = UnsavedToken::of(&error).unwrap();
    shown += &format!("{unsaved}{unsaved:?}{}", whole_text(&error));
    secrets.extend([access(unsaved.token()).to_owned(), refresh_token(unsaved.token()).to_owned()]);

    // calls, a refusal, refreshes that fail and one that cannot be saved
    let api = fixture.api();
    assert_eq!(read(&api, &fixture.tokens).await.unwrap(), 200);
    fixture.advance(HOUR);
    for answer in [
        json!({ "error": "1000.marked" }),
        json!({ "error": "Access Denied", "error_description": "marked" }),
        json!({ "access_token": ["marked"] }),
        json!({ "access_token": "", "expires_in": "marked" }),
        json!({ "access_token": "marked\n", "expires_in": 3600 }),
        json!({ "marked": 1 }),
    ] {
        fixture.accounts().json(200, &answer);
        shown += &whole_text(&fixture.tokens.token().await.unwrap_err());
        fixture.advance(HOUR);
    }
    fixture.accounts().html(500, "marked");
    shown += &whole_text(&fixture.tokens.token().await.unwrap_err());
    // each of the four attempts asks for a token
    fixture.accounts().times(4).reset();
    shown += &whole_text(&read(&api, &fixture.tokens).await.unwrap_err());
    fixture.store.failing_saves.store(1, Ordering::SeqCst);
    let fresh = fixture.tokens.token().await.unwrap();
    until(|| fixture.clock.slept().contains(&std::time::Duration::from_secs(1))).await;

    // a login in a browser: the redirect and its errors
    let manager = fixture.manager();
    let url = manager.authorize_url(&["ZohoCRM.modules.ALL"]);
    shown += &format!("{url:?}");
    let url = url.for_session("marked-session").unwrap();
    let state = url.rsplit_once("state=").unwrap().1.to_owned();
    let code = fixture.sim.grant_token();
    let redirect =
        manager.accept("marked-session", &format!("?code={code}&state={state}")).unwrap();
    shown += &format!("{redirect:?}{:?}", Grant::from(redirect.clone()));
    for odd in [
        format!("?code={code}&state={state}"),
        format!("?code={code}&code={code}&state=marked-state-of-mine"),
        "?error=marked&state=marked-state-of-mine".to_owned(),
        format!("?code={code}&accounts-server=marked&state=marked-state-of-mine"),
    ] {
        shown += &whole_text(&manager.accept("marked-session", &odd).unwrap_err());
        shown += &manager
            .accept_state("marked-state-of-mine", &odd)
            .map_or_else(|error| whole_text(&error), |redirect| format!("{redirect:?}"));
    }
    secrets.extend([state, code]);
    let tokens = manager.login(redirect).await.unwrap();
    let second = tokens.token().await.unwrap();

    // one without a name, from elsewhere, of an organisation, of a device, and their errors
    let grant = fixture.sim.grant_token_for(&["ZohoCRM.users.READ"]);
    secrets.push(grant.clone());
    let error = manager.login(grant).await.unwrap_err();
    let third = UnsavedToken::of(&error).unwrap().token().clone();
    shown += &format!("{}{:?}", whole_text(&error), Grant::from(third.clone()));
    shown += &format!("{:?}", Grant::refresh_token("1000.marked"));
    shown += &whole_text(&tokens.import("1000.marked").await.unwrap_err());
    let organisation = manager.organisation("ZohoCRM.0", &["ZohoCRM.modules.ALL"]).unwrap();
    shown += &whole_text(&organisation.token().await.unwrap_err());
    let device = manager.device_login(&["ZohoCRM.modules.ALL"]).await.unwrap();
    secrets.push(device.user_code().to_owned());
    shown += &format!("{device:?}");
    for answer in [json!({ "device_code": "marked" }), json!({ "error": "1000.marked" })] {
        fixture.accounts().json(200, &answer);
        let device = manager.device_login(&["ZohoCRM.modules.ALL"]).await;
        shown += &whole_text(&device.unwrap_err());
        fixture.accounts().json(200, &answer);
        shown += &whole_text(&tokens.revoke().await.unwrap_err());
        fixture.accounts().json(200, &answer);
        let server = accounts(&fixture.sim, &fixture.clock, credentials(&fixture.sim));
        let info = server.user_info(&second.access, &origin(&fixture.sim.accounts_url())).await;
        shown += &whole_text(&info.unwrap_err());
    }
    let server = accounts(&fixture.sim, &fixture.clock, credentials(&fixture.sim));
    let info =
        server.user_info(&second.access, &origin(&fixture.sim.accounts_url())).await.unwrap();
    shown += &format!("{info:?}");
    assert!(tokens.revoke().await.unwrap());

    // client secrets from elsewhere
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "marked-file").unwrap();
    for secret in [
        ClientSecret::file(path).at(DataCenter::EU, "marked-value"),
        ClientSecret::provider(MarkedVault("marked-debug", true)),
        ClientSecret::provider(MarkedVault("marked-debug", false)),
    ] {
        let redirect = "https://x.y/z";
        let credentials = ClientCredentials::new("1000.MYAPP", secret.clone(), redirect).unwrap();
        let server = accounts(&fixture.sim, &fixture.clock, credentials.clone());
        let grant = fixture.sim.grant_token().into();
        let failed = server.exchange(&grant, &origin(&fixture.sim.accounts_url())).await;
        shown +=
            &format!("{secret:?}{credentials:?}{server:?}{}", whole_text(&failed.unwrap_err()));
    }

    // every other public type
    let wrong =
        ClientCredentials::new("1000.MYAPP", "marked-wrong".to_owned(), "https://x.y/z").unwrap();
    let server = accounts(&fixture.sim, &fixture.clock, wrong.clone());
    let refresh = login.refresh.clone().unwrap();
    let accounts_url = origin(&fixture.sim.accounts_url());
    shown += &whole_text(&server.refresh(&refresh, &accounts_url).await.unwrap_err());
    shown +=
        &format!("{wrong:?}{server:?}{manager:?}{:?}{:?}", fixture.tokens, fixture.tokens.key());
    shown += &format!("{:?}{:?}{:?}", fixture.store, MemoryStore::new(), RefreshLock::open());
    shown += &format!("{:?}", StoreError::new("x").with_source(unsaved.clone()));
    shown += &format!("{:?}", zcrm_http::Authorizer::cached(&fixture.tokens).unwrap());
    drop(guard);

    for token in [&login, &fresh, &second, &third] {
        secrets.extend([access(token).to_owned(), refresh_token(token).to_owned()]);
    }
    let text = logs.text();
    assert!(text.contains("zcrm::oauth") && text.contains("h2::"), "nothing was logged");
    for secret in secrets {
        for form in forms(&secret) {
            let line = text.lines().find(|line| line.contains(&form));
            assert_eq!(line, None, "{form} was logged");
            assert!(!shown.contains(&form), "{form}: {shown}");
        }
    }
}

/// Fails, or gives a secret that is wrong; its own `Debug` is careless.
#[derive(Debug)]
struct MarkedVault(#[expect(dead_code, reason = "shown by Debug")] &'static str, bool);

#[async_trait::async_trait]
impl CredentialsProvider for MarkedVault {
    async fn client_secret(&self, _: &Origin) -> Result<SecretString, BoxError> {
        if self.1 { Ok("marked-vault".into()) } else { Err("the vault is sealed".into()) }
    }
}

/// Returns a secret in plain form, and as written in a URL, in JSON and in base64.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    forms.push(form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    // every byte but letters and digits, as other encoders have it
    forms.push(secret.bytes().fold(String::new(), |mut text, byte| {
        match byte.is_ascii_alphanumeric() {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{byte:02X}")),
        }
        text
    }));
    let json = serde_json::to_string(secret).unwrap();
    forms.push(json.trim_matches('"').to_owned());
    // base64 has three forms, by where in the text the secret begins; its first and last letters
    // depend on the text around it
    for before in 0..3 {
        let padded = [&b"   "[..before], secret.as_bytes()].concat();
        for engine in [&base64::prelude::BASE64_STANDARD, &base64::prelude::BASE64_URL_SAFE] {
            let encoded = base64::Engine::encode(engine, &padded);
            let encoded = encoded.trim_end_matches('=');
            let skipped = (before * 8).div_ceil(6);
            let kept = encoded.len() - usize::from((padded.len() * 8) % 6 != 0);
            forms.push(encoded.get(skipped..kept).unwrap().to_owned());
        }
    }
    forms
}

#[test]
fn finds_all_forms_of_a_secret() {
    let secret = "1000.m+rk\"ed/x";
    let forms = forms(secret);
    let find = |text: &str| forms.iter().any(|form| text.contains(form));
    for text in [
        format!("a {secret} b"),
        "code=1000.m%2Brk%22ed%2Fx&".to_owned(),
        "code=1000%2Em%2Brk%22ed%2Fx&".to_owned(),
        r#"{"a":"1000.m+rk\"ed/x"}"#.to_owned(),
    ] {
        assert!(find(&text), "{text}");
    }
    for before in ["", "a", "ab", "abc"] {
        for after in ["", "z", "zz", "zzz"] {
            let text = format!("{before}{secret}{after}");
            assert!(find(&base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text)));
        }
    }
    assert!(!find("1000.other"));
}
