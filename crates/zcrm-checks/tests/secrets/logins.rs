//! The other ways to log in and out.

use std::time::Duration;

use serde_json::json;
use zcrm::{
    Client, Clients,
    oauth::{ClientSecret, Grant, Redirect, RevokeBy, TokenFault, UnsavedToken, UserInfo},
    stores::MemoryStore,
};

use crate::{
    MARK,
    flows::{Fixture, HOUR, odd, read},
    scanner::SecretScanner,
};

const SCOPES: [&str; 2] = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];

/// The interval between polls of a device.
const POLL: Duration = Duration::from_secs(30);

async fn clients(fixture: &Fixture) -> Clients {
    fixture.builder().store(MemoryStore::new()).build_clients().unwrap()
}

/// Logs in in a browser: the state, the grant in the redirect, and invalid redirects.
pub(crate) async fn browsers(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let clients = clients(&fixture).await;
    let session = scanner.secret(odd("session"));
    let begin = |scanner: &mut SecretScanner| {
        let begun = clients.authorize_url(&SCOPES);
        scanner.look(&begun);
        let url = begun.for_session(&session).unwrap();
        scanner.secret(url.rsplit_once("state=").unwrap().1)
    };
    let server = fixture.sim.accounts_url();
    let redirect = |state: &str, rest: &str| format!("https://x.example/y?state={state}&{rest}");
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };

    // the user who returns from Zoho is logged in
    let (state, grant) = (begin(scanner), fixture.grant(scanner));
    let come = redirect(&state, &format!("code={grant}&accounts-server={}", encoded(&server)));
    let accepted: Redirect = clients.accept(&session, &come).unwrap();
    scanner.look(&accepted);
    scanner.look(&Grant::from(accepted.clone()));
    let client = clients.login(accepted.clone()).await.unwrap();
    scanner.token(&client.tokens().stored().await.unwrap().unwrap());
    scanner.look(&clients);
    read(&client).await.unwrap();
    // the grant and the state were used already
    scanner.error(&clients.login(accepted).await.unwrap_err());
    scanner.error(&clients.accept(&session, &come).unwrap_err());

    // a forged state, another session, and additional members next to a valid state
    let forged = scanner.secret(odd("state"));
    let come = redirect(&encoded(&forged), "code=x");
    assert_eq!(
        TokenFault::of(&clients.accept(&session, &come).unwrap_err()),
        Some(TokenFault::StateMismatch)
    );
    scanner.error(&clients.accept(&session, &come).unwrap_err());
    scanner.error(&clients.manager().accept_state(&odd("expected"), &come).unwrap_err());
    let stranger = begin(scanner);
    scanner.error(&clients.accept(&odd("stranger"), &redirect(&stranger, "code=x")).unwrap_err());
    let code = encoded(&scanner.secret(odd("code")));
    for rest in [
        format!("error={code}"),
        format!("error=access_denied&code={code}"),
        format!("code={code}&code={code}"),
        format!("code={code}&accounts-server={code}"),
        format!("code={code}&accounts-server=https://{MARK}.example"),
        format!("code=&x={code}"),
    ] {
        let come = redirect(&begin(scanner), &rest);
        scanner.error(&clients.accept(&session, &come).unwrap_err());
    }
    scanner.error(&clients.authorize_url(&SCOPES).with_state(MARK).unwrap_err());
}

/// Looks up users: answers of the user info, and tokens whose user cannot be found.
pub(crate) async fn people(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let clients = clients(&fixture).await;
    let info: UserInfo = serde_json::from_value(json!({
        "Email": odd("email"), "First_Name": odd("first"), "Last_Name": odd("last"),
        "Display_Name": odd("display"),
    }))
    .unwrap();
    scanner.look(&info);
    let name = odd("name");
    let answers = [
        json!({ "error": name }),
        json!({ "cause": name, "scope": name }),
        json!({ "First_Name": name }),
        json!({ "Email": [name], "First_Name": name }),
        json!([name]),
    ];
    for (answer, status) in answers.iter().flat_map(|it| [(it, 200), (it, 401)]) {
        fixture.sim.faults().on_path("/oauth/user/info").json(status, answer);
        let grant = fixture.grant(scanner);
        let error = clients.login(grant).await.unwrap_err();
        let unsaved = UnsavedToken::of(&error).unwrap();
        scanner.token(unsaved.token());
        scanner.look(unsaved);
        scanner.look(&Grant::from(unsaved.token().clone()));
        scanner.error(&error);
        fixture.sim.clear_faults();
    }
    // with neither of the scopes
    let grant = scanner.secret(fixture.sim.grant_token_for(&["ZohoCRM.modules.ALL"]));
    let error = clients.login(grant).await.unwrap_err();
    scanner.token(UnsavedToken::of(&error).unwrap().token());
    scanner.error(&error);
    // with only the scope for the CRM's users
    let grant = scanner.secret(fixture.sim.grant_token_for(&["ZohoCRM.users.READ"]));
    let client = clients.login(grant).await.unwrap();
    scanner.token(&client.tokens().stored().await.unwrap().unwrap());
}

/// Logs in a device without a browser.
pub(crate) async fn devices(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let clients = clients(&fixture).await;
    for approved in [true, false] {
        let device = clients.device_login(&SCOPES).await.unwrap();
        scanner.look(&device);
        let code = scanner.secret(device.user_code());
        if approved {
            fixture.sim.approve_device(&code, &fixture.sim.user_email()).unwrap();
        } else {
            fixture.sim.refuse_device(&code).unwrap();
        }
        let slept = || fixture.clock.slept().iter().filter(|it| **it == POLL).count();
        let before = slept();
        let waiting = tokio::spawn(device.wait());
        while slept() == before {
            tokio::task::yield_now().await;
        }
        fixture.clock.advance(POLL);
        match waiting.await.unwrap() {
            Ok(grant) => {
                scanner.look(&grant);
                let client = clients.login(grant).await.unwrap();
                scanner.token(&client.tokens().stored().await.unwrap().unwrap());
            }
            Err(error) => drop(scanner.error(&error)),
        }
    }
    let word = scanner.secret(odd("device"));
    for answer in [
        json!({ "error": word }),
        json!({ "device_code": word, "user_code": word }),
        json!({ "device_code": [word], "user_code": word, "verification_url": word }),
        json!([word]),
    ] {
        fixture.sim.faults().on_path("/oauth/v3/device/code").json(200, &answer);
        scanner.error(&clients.device_login(&SCOPES).await.unwrap_err());
        fixture.sim.clear_faults();
    }
}

/// Uses tokens without a user, and a refresh token from elsewhere.
pub(crate) async fn others(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let clients = clients(&fixture).await;
    let soid = format!("ZohoCRM.{}", fixture.sim.org_id());
    let organisation = clients.organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
    read(&organisation).await.unwrap();
    scanner.token(&organisation.tokens().stored().await.unwrap().unwrap());
    fixture.clock.advance(HOUR);
    scanner.token(&organisation.tokens().token().await.unwrap());
    let nowhere = clients.organisation("ZohoCRM.1", &["ZohoCRM.modules.ALL"]).unwrap();
    scanner.error(&read(&nowhere).await.unwrap_err());

    let client = fixture.logged_in(scanner, fixture.builder().store(MemoryStore::new())).await;
    let refresh = client.tokens().stored().await.unwrap().unwrap().refresh.unwrap();
    let tokens = clients.user("b@example.com").unwrap().tokens().clone();
    scanner.look(&Grant::refresh_token(refresh.clone()));
    scanner.token(&tokens.import(refresh).await.unwrap());
    let dead = scanner.secret(odd("import"));
    scanner.error(&tokens.import(dead.clone()).await.unwrap_err());
    scanner.error(&clients.login(Grant::refresh_token(dead)).await.unwrap_err());
}

/// Revokes tokens: valid ones, rejected ones, and one that is already invalid.
pub(crate) async fn revocations(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let client: Client =
        fixture.logged_in(scanner, fixture.builder().store(MemoryStore::new())).await;
    let word = scanner.secret(odd("revoke"));
    for answer in [json!({ "error": word }), json!({ "status": word }), json!([word])] {
        for by in [RevokeBy::Form, RevokeBy::Query] {
            fixture.sim.faults().on_path("/oauth/v2/token/revoke").json(200, &answer);
            scanner.error(&client.tokens().revoke_by(by).await.unwrap_err());
            fixture.sim.faults().on_path("/oauth/v2/token/revoke").always().reset();
            scanner.error(&client.tokens().revoke_by(by).await.unwrap_err());
            fixture.sim.clear_faults();
        }
    }
    assert!(client.tokens().revoke().await.unwrap());
    scanner.error(&read(&client).await.unwrap_err());
    // the URL contains the token, so no crate may log it
    let client: Client =
        fixture.logged_in(scanner, fixture.builder().store(MemoryStore::new())).await;
    assert!(client.tokens().revoke_by(RevokeBy::Query).await.unwrap());
    scanner.error(&read(&client).await.unwrap_err());
}

/// Reads the client secret from a file whose content changes.
pub(crate) async fn secret_files(scanner: &mut SecretScanner) {
    let fixture = Fixture::new(scanner).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let wrong = scanner.secret(odd("file-secret"));
    let source = ClientSecret::file(&path);
    scanner.look(&source);
    let builder = || {
        let builder = fixture.builder().store(MemoryStore::new());
        builder.client_secret_from(source.clone())
    };
    scanner.look(&builder());
    let client = builder().build().unwrap();
    // no file, an invalid file, a wrong secret, the right secret
    let grant = fixture.grant(scanner);
    scanner.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, [&b"\xff\xfe"[..], wrong.as_bytes()].concat()).unwrap();
    scanner.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, &wrong).unwrap();
    scanner.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, fixture.sim.client_secret()).unwrap();
    scanner.token(&client.tokens().exchange(grant).await.unwrap());
}
