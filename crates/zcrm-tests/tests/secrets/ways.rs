//! The other ways to a login, and out of it.

use std::time::Duration;

use serde_json::json;
use zcrm::{
    Client, Clients,
    oauth::{ClientSecret, Grant, Redirect, RevokeBy, TokenFault, UnsavedToken, UserInfo},
    stores::MemoryStore,
};

use crate::{
    MARK,
    flows::{HOUR, World, odd, read},
    walk::Walk,
};

const SCOPES: [&str; 2] = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"];

/// The pause before a device's poll.
const POLL: Duration = Duration::from_secs(30);

async fn clients(world: &World) -> Clients {
    world.builder().store(MemoryStore::new()).build_clients().unwrap()
}

/// A login in a browser: the state, the grant of the redirect, and redirects that are none.
pub(crate) async fn browsers(walk: &mut Walk) {
    let world = World::new(walk).await;
    let clients = clients(&world).await;
    let session = walk.secret(odd("session"));
    let begin = |walk: &mut Walk| {
        let begun = clients.authorize_url(&SCOPES);
        walk.look(&begun);
        let url = begun.for_session(&session).unwrap();
        walk.secret(url.rsplit_once("state=").unwrap().1)
    };
    let server = world.sim.accounts_url();
    let redirect = |state: &str, rest: &str| format!("https://x.example/y?state={state}&{rest}");
    let encoded =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };

    // whoever comes back is logged in
    let (state, grant) = (begin(walk), world.grant(walk));
    let come = redirect(&state, &format!("code={grant}&accounts-server={}", encoded(&server)));
    let accepted: Redirect = clients.accept(&session, &come).unwrap();
    walk.look(&accepted);
    walk.look(&Grant::from(accepted.clone()));
    let client = clients.login(accepted.clone()).await.unwrap();
    walk.token(&client.tokens().stored().await.unwrap().unwrap());
    walk.look(&clients);
    read(&client).await.unwrap();
    // the grant is spent, and so is the state
    walk.error(&clients.login(accepted).await.unwrap_err());
    walk.error(&clients.accept(&session, &come).unwrap_err());

    // a forged state, a stranger's session, and what may stand beside a state that is good
    let forged = walk.secret(odd("state"));
    let come = redirect(&encoded(&forged), "code=x");
    assert_eq!(
        TokenFault::of(&clients.accept(&session, &come).unwrap_err()),
        Some(TokenFault::StateMismatch)
    );
    walk.error(&clients.accept(&session, &come).unwrap_err());
    walk.error(&clients.manager().accept_state(&odd("expected"), &come).unwrap_err());
    let stranger = begin(walk);
    walk.error(&clients.accept(&odd("stranger"), &redirect(&stranger, "code=x")).unwrap_err());
    let code = encoded(&walk.secret(odd("code")));
    for rest in [
        format!("error={code}"),
        format!("error=access_denied&code={code}"),
        format!("code={code}&code={code}"),
        format!("code={code}&accounts-server={code}"),
        format!("code={code}&accounts-server=https://{MARK}.example"),
        format!("code=&x={code}"),
    ] {
        let come = redirect(&begin(walk), &rest);
        walk.error(&clients.accept(&session, &come).unwrap_err());
    }
    walk.error(&clients.authorize_url(&SCOPES).with_state(MARK).unwrap_err());
}

/// Whose token is it: the user info, what it may answer, and tokens that nobody's name is known for.
pub(crate) async fn people(walk: &mut Walk) {
    let world = World::new(walk).await;
    let clients = clients(&world).await;
    let info: UserInfo = serde_json::from_value(json!({
        "Email": odd("email"), "First_Name": odd("first"), "Last_Name": odd("last"),
        "Display_Name": odd("display"),
    }))
    .unwrap();
    walk.look(&info);
    let name = odd("name");
    let answers = [
        json!({ "error": name }),
        json!({ "cause": name, "scope": name }),
        json!({ "First_Name": name }),
        json!({ "Email": [name], "First_Name": name }),
        json!([name]),
    ];
    for (answer, status) in answers.iter().flat_map(|it| [(it, 200), (it, 401)]) {
        world.sim.faults().on_path("/oauth/user/info").json(status, answer);
        let grant = world.grant(walk);
        let error = clients.login(grant).await.unwrap_err();
        let unsaved = UnsavedToken::of(&error).unwrap();
        walk.token(unsaved.token());
        walk.look(unsaved);
        walk.look(&Grant::from(unsaved.token().clone()));
        walk.error(&error);
        world.sim.clear_faults();
    }
    // with neither of the scopes
    let grant = walk.secret(world.sim.grant_token_for(&["ZohoCRM.modules.ALL"]));
    let error = clients.login(grant).await.unwrap_err();
    walk.token(UnsavedToken::of(&error).unwrap().token());
    walk.error(&error);
    // with that of the CRM's users alone
    let grant = walk.secret(world.sim.grant_token_for(&["ZohoCRM.users.READ"]));
    let client = clients.login(grant).await.unwrap();
    walk.token(&client.tokens().stored().await.unwrap().unwrap());
}

/// A login without a browser.
pub(crate) async fn devices(walk: &mut Walk) {
    let world = World::new(walk).await;
    let clients = clients(&world).await;
    for approved in [true, false] {
        let device = clients.device_login(&SCOPES).await.unwrap();
        walk.look(&device);
        let code = walk.secret(device.user_code());
        if approved {
            world.sim.approve_device(&code, &world.sim.user_email()).unwrap();
        } else {
            world.sim.refuse_device(&code).unwrap();
        }
        let slept = || world.clock.slept().iter().filter(|it| **it == POLL).count();
        let before = slept();
        let waiting = tokio::spawn(device.wait());
        while slept() == before {
            tokio::task::yield_now().await;
        }
        world.clock.advance(POLL);
        match waiting.await.unwrap() {
            Ok(grant) => {
                walk.look(&grant);
                let client = clients.login(grant).await.unwrap();
                walk.token(&client.tokens().stored().await.unwrap().unwrap());
            }
            Err(error) => drop(walk.error(&error)),
        }
    }
    let word = walk.secret(odd("device"));
    for answer in [
        json!({ "error": word }),
        json!({ "device_code": word, "user_code": word }),
        json!({ "device_code": [word], "user_code": word, "verification_url": word }),
        json!([word]),
    ] {
        world.sim.faults().on_path("/oauth/v3/device/code").json(200, &answer);
        walk.error(&clients.device_login(&SCOPES).await.unwrap_err());
        world.sim.clear_faults();
    }
}

/// Tokens without a user, and a refresh token from elsewhere.
pub(crate) async fn others(walk: &mut Walk) {
    let world = World::new(walk).await;
    let clients = clients(&world).await;
    let soid = format!("ZohoCRM.{}", world.sim.org_id());
    let organisation = clients.organisation(&soid, &["ZohoCRM.modules.ALL"]).unwrap();
    read(&organisation).await.unwrap();
    walk.token(&organisation.tokens().stored().await.unwrap().unwrap());
    world.clock.advance(HOUR);
    walk.token(&organisation.tokens().token().await.unwrap());
    let nowhere = clients.organisation("ZohoCRM.1", &["ZohoCRM.modules.ALL"]).unwrap();
    walk.error(&read(&nowhere).await.unwrap_err());

    let client = world.logged_in(walk, world.builder().store(MemoryStore::new())).await;
    let refresh = client.tokens().stored().await.unwrap().unwrap().refresh.unwrap();
    let tokens = clients.user("b@example.com").unwrap().tokens().clone();
    walk.look(&Grant::refresh_token(refresh.clone()));
    walk.token(&tokens.import(refresh).await.unwrap());
    let dead = walk.secret(odd("import"));
    walk.error(&tokens.import(dead.clone()).await.unwrap_err());
    walk.error(&clients.login(Grant::refresh_token(dead)).await.unwrap_err());
}

/// The end of a login: right, refused, and of a token that is dead.
pub(crate) async fn revocations(walk: &mut Walk) {
    let world = World::new(walk).await;
    let client: Client = world.logged_in(walk, world.builder().store(MemoryStore::new())).await;
    let word = walk.secret(odd("revoke"));
    for answer in [json!({ "error": word }), json!({ "status": word }), json!([word])] {
        for by in [RevokeBy::Form, RevokeBy::Query] {
            world.sim.faults().on_path("/oauth/v2/token/revoke").json(200, &answer);
            walk.error(&client.tokens().revoke_by(by).await.unwrap_err());
            world.sim.faults().on_path("/oauth/v2/token/revoke").always().reset();
            walk.error(&client.tokens().revoke_by(by).await.unwrap_err());
            world.sim.clear_faults();
        }
    }
    assert!(client.tokens().revoke().await.unwrap());
    walk.error(&read(&client).await.unwrap_err());
    // the token stands in the URL, which nobody on our side may log
    let client: Client = world.logged_in(walk, world.builder().store(MemoryStore::new())).await;
    assert!(client.tokens().revoke_by(RevokeBy::Query).await.unwrap());
    walk.error(&read(&client).await.unwrap_err());
}

/// A client secret that is in a file, and one that the file gives up to be another.
pub(crate) async fn secret_files(walk: &mut Walk) {
    let world = World::new(walk).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let wrong = walk.secret(odd("file-secret"));
    let source = ClientSecret::file(&path);
    walk.look(&source);
    let builder = || {
        let builder = world.builder().store(MemoryStore::new());
        builder.client_secret_from(source.clone())
    };
    walk.look(&builder());
    let client = builder().build().unwrap();
    // no file, an odd file, the wrong one, the right one
    let grant = world.grant(walk);
    walk.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, [&b"\xff\xfe"[..], wrong.as_bytes()].concat()).unwrap();
    walk.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, &wrong).unwrap();
    walk.error(&client.tokens().exchange(grant.clone()).await.unwrap_err());
    std::fs::write(&path, world.sim.client_secret()).unwrap();
    walk.token(&client.tokens().exchange(grant).await.unwrap());
}
