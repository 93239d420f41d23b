//! The choice of a server for a token under different settings.

use super::BaseUrls;
use crate::{DataCenter, Environment, ErrorKind};

fn origin(base_urls: &BaseUrls, domain: Option<&str>) -> String {
    base_urls.api_origin(domain).unwrap().to_string()
}

#[test]
fn combines_the_tokens_data_center_with_the_environment() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
    assert_eq!(origin(&base_urls, None), "https://www.zohoapis.com");
    assert_eq!(origin(&base_urls, Some("https://www.zohoapis.in")), "https://www.zohoapis.in");
    let sandbox = BaseUrls::new(DataCenter::US, Environment::Sandbox);
    assert_eq!(origin(&sandbox, Some("https://www.zohoapis.jp")), "https://sandbox.zohoapis.jp");
    assert_eq!(origin(&sandbox, None), "https://sandbox.zohoapis.com");
}

#[test]
fn keeps_the_sandbox_with_a_production_api_base_url() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Sandbox)
        .with_api("https://www.zohoapis.com".parse().unwrap());
    assert_eq!(origin(&base_urls, None), "https://sandbox.zohoapis.com");
}

#[test]
fn refuses_a_token_whose_api_domain_is_unknown() {
    let eu = BaseUrls::new(DataCenter::EU, Environment::Production);
    let with_zohos = eu.clone().with_api("https://www.zohoapis.eu".parse().unwrap());
    for base_urls in [&eu, &with_zohos] {
        for domain in [
            "https://www.zohoapis.sg",
            "https://zohoapis.eu",
            "https://api.zoho.eu",
            "https://www.zohoapis.com.example.com",
            "https://www.zohoapis.eu:8443",
            "http://www.zohoapis.eu",
            "nonsense",
        ] {
            let errors = [
                base_urls.api_origin(Some(domain)).unwrap_err(),
                base_urls.content_origin(Some(domain)).unwrap_err(),
                base_urls.accounts_of(None, Some(domain)).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{domain}");
                let text = error.to_string();
                assert!(text.contains("`api_domain`") && text.contains("`api_base_url`"));
                assert!(text.contains(domain), "{text}");
            }
        }
    }
    // set as the message advises
    let own = eu.clone().with_api("https://www.zohoapis.sg".parse().unwrap());
    assert_eq!(origin(&own, Some("https://www.zohoapis.sg")), "https://www.zohoapis.sg");
    // absent, or one of Zoho's servers in another notation
    for said in ["", " ", "www.zohoapis.eu", "https://WWW.zohoapis.eu:443/"] {
        assert_eq!(origin(&eu, Some(said)), "https://www.zohoapis.eu", "{said}");
    }
    let secret = eu.api_origin(Some("https://u:marked@x.y/?marked")).unwrap_err();
    assert!(!format!("{secret:?}").contains("marked"), "{secret:?}");
}

#[test]
fn refuses_an_unknown_accounts_server() {
    let base_urls = BaseUrls::new(DataCenter::EU, Environment::Production);
    let accounts = |base_urls: &BaseUrls, named| base_urls.accounts_of(Some(named), None);
    for named in ["https://accounts.example.com", "https://accounts.zoho.sg", "nonsense"] {
        let error = accounts(&base_urls, named).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{named}");
        let text = error.to_string();
        assert!(text.contains(named) && text.contains("`accounts_url`"), "{text}");
    }
    let india = accounts(&base_urls, "https://accounts.zoho.in").unwrap();
    assert_eq!(india.to_string(), "https://accounts.zoho.in");
    assert_eq!(accounts(&base_urls, "").unwrap(), base_urls.accounts_origin());
    let of_api = base_urls.accounts_of(None, Some("https://www.zohoapis.in")).unwrap();
    assert_eq!(of_api.to_string(), "https://accounts.zoho.in");
    // a custom server is used for every token
    let own = base_urls.with_accounts("https://gate.example.com".parse().unwrap());
    for named in ["https://accounts.zoho.in", "https://old.example.com"] {
        assert_eq!(accounts(&own, named).unwrap(), own.accounts_origin(), "{named}");
    }
}

#[test]
fn refuses_an_unknown_accounts_server_without_an_api_domain() {
    let own = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts("https://accounts.zoho.sg".parse().unwrap());
    own.check().unwrap();
    let error = own.api_origin(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
    assert!(error.to_string().contains("`api_base_url`"), "{error}");
    assert_eq!(origin(&own, Some("https://www.zohoapis.in")), "https://www.zohoapis.in");
}

#[test]
fn takes_the_data_center_of_the_accounts_server() {
    let us = BaseUrls::new(DataCenter::US, Environment::Production);
    let sandbox = BaseUrls::new(DataCenter::US, Environment::Sandbox);
    let leads_to = |base_urls: &BaseUrls, domain, accounts| {
        let domain = base_urls.api_domain_of(domain, Some(accounts))?;
        base_urls.api_origin(domain.as_deref()).map(|origin| origin.to_string())
    };
    for (base_urls, accounts, origin) in [
        (&us, "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
        (&us, "ACCOUNTS.zoho.com.cn/", "https://www.zohoapis.com.cn"),
        (&us, " ", "https://www.zohoapis.com"),
        (&sandbox, "https://accounts.zoho.in", "https://sandbox.zohoapis.in"),
    ] {
        assert_eq!(leads_to(base_urls, None, accounts).unwrap(), origin, "{accounts}");
        assert_eq!(leads_to(base_urls, Some(" "), accounts).unwrap(), origin, "{accounts}");
    }
    for unknown in ["https://accounts.zoho.eu.example.com", "https://accounts.zoho.sg", "nonsense"]
    {
        let error = leads_to(&us, None, unknown).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{unknown}");
        assert!(error.to_string().contains(unknown), "{error}");
        // the `api_domain` of the answer is used
        let named = leads_to(&us, Some("https://www.zohoapis.jp"), unknown).unwrap();
        assert_eq!(named, "https://www.zohoapis.jp");
    }
    let [accounts, api] =
        ["https://login.example.com", "https://crm.example.com"].map(|it| it.parse().unwrap());
    let other = us.clone().with_other("xx", accounts, api);
    assert_eq!(leads_to(&other, None, "login.example.com").unwrap(), "https://crm.example.com");
    // one of Zoho's servers, of another data centre than the token's
    let fixed = us.with_api("https://www.zohoapis.com".parse().unwrap());
    assert!(leads_to(&fixed, None, "https://accounts.zoho.eu").is_err());
    let own = fixed.with_api("https://crm.example.com".parse().unwrap());
    assert_eq!(leads_to(&own, None, "nonsense").unwrap(), "https://crm.example.com");
}

#[test]
fn begins_a_login_at_the_global_accounts_server() {
    let begins = |base_urls: &BaseUrls| base_urls.login_origin().to_string();
    for data_center in DataCenter::ALL {
        let expected = match data_center.location() {
            "cn" => "https://accounts.zoho.com.cn",
            _ => "https://accounts.zoho.com",
        };
        assert_eq!(begins(&BaseUrls::new(*data_center, Environment::Production)), expected);
    }
    for own in ["https://accounts.zoho.eu", "https://localhost:9000"] {
        let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
        assert_eq!(begins(&base_urls.with_accounts(own.parse().unwrap())), own);
    }
}

#[test]
fn trusts_a_named_accounts_server_only_on_an_exact_match() {
    let zoho = BaseUrls::new(DataCenter::US, Environment::Production);
    for data_center in DataCenter::ALL {
        let origin = data_center.accounts_origin();
        assert_eq!(zoho.accounts_named(&origin.to_string()).unwrap(), origin);
    }
    let own = zoho.clone().with_accounts("https://localhost:9000".parse().unwrap());
    assert!(own.accounts_named("https://localhost:9000").is_ok());
    for (base_urls, named) in [
        (&zoho, "https://accounts.zoho.eu.example.com"),
        (&zoho, "https://example.com/accounts.zoho.eu"),
        (&zoho, "https://accounts.zoho.eu@example.com"),
        (&zoho, "https://user@accounts.zoho.eu"),
        (&zoho, "https://accounts.zoho.eu/oauth"),
        (&zoho, "https://accounts.zoho.eu:444"),
        (&zoho, "http://accounts.zoho.eu"),
        (&zoho, "accounts.zoho.eu"),
        (&zoho, "https://xaccounts.zoho.eu"),
        (&zoho, "https://www.zohoapis.eu"),
        (&zoho, "https://127.0.0.1:9000"),
        (&zoho, "http://localhost"),
        (&zoho, ""),
        (&own, "https://localhost:9001"),
        (&own, "http://localhost:9000"),
        (&own, "https://127.0.0.1:9000"),
        (&own, "https://accounts.zoho.eu"),
    ] {
        let error = base_urls.accounts_named(named).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{named}");
    }
}

#[test]
fn trusts_a_custom_data_center_and_the_configured_one() {
    let parse = |text: &str| text.parse().unwrap();
    let own = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts(parse("https://localhost:1"))
        .with_api(parse("https://localhost:2"))
        .with_other("eu", parse("https://localhost:3"), parse("https://localhost:4"));
    assert_eq!(own.accounts_at("eu").unwrap().to_string(), "https://localhost:3");
    for unknown in ["in", "mars", ""] {
        assert!(own.accounts_at(unknown).is_err(), "{unknown}");
    }
    assert!(own.accounts_named("https://localhost:3").is_ok());
    assert!(own.accounts_named("https://localhost:4").is_err());
    let accounts = |server, domain| own.accounts_of(server, domain).unwrap().port();
    assert_eq!(accounts(Some("https://localhost:3"), None), 3);
    assert_eq!(accounts(Some("https://localhost:5"), None), 1);
    assert_eq!(accounts(None, Some("https://localhost:4")), 3);
    assert_eq!(origin(&own, Some("https://localhost:4")), "https://localhost:4");
    assert_eq!(origin(&own, Some("https://localhost:3")), "https://localhost:2");
    assert_eq!(origin(&own, None), "https://localhost:2");
    let zoho = BaseUrls::new(DataCenter::US, Environment::Production);
    assert_eq!(zoho.accounts_at("in").unwrap().to_string(), "https://accounts.zoho.in");
}

#[test]
fn uploads_to_the_same_data_center_or_the_configured_server() {
    let content = |base_urls: &BaseUrls, domain| {
        base_urls.content_origin(domain).unwrap().map(|origin| origin.to_string())
    };
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
    assert_eq!(content(&base_urls, None).as_deref(), Some("https://content.zohoapis.com"));
    let canada = content(&base_urls, Some("https://www.zohoapis.ca"));
    assert_eq!(canada.as_deref(), Some("https://upload.zohocloud.ca"));
    let own = base_urls.with_api("https://localhost:9001".parse().unwrap());
    assert_eq!(content(&own, None), None);
    let own = own.with_content("https://localhost:9002".parse().unwrap());
    assert_eq!(content(&own, None).as_deref(), Some("https://localhost:9002"));
}

#[test]
fn downloads_results_from_the_servers_of_the_data_center_and_the_configured_one() {
    let from = |base_urls: &BaseUrls, domain| {
        let origins = base_urls.download_origins(domain).unwrap();
        origins.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
    let us = ["https://download-accl.zoho.com", "https://download.zohocrm.com"];
    assert_eq!(from(&base_urls, None), us);
    let canada = from(&base_urls, Some("https://www.zohoapis.ca"));
    assert_eq!(canada, ["https://download-accl.zohocloud.ca"]);
    let own = base_urls.clone().with_download("https://localhost:9002".parse().unwrap());
    assert_eq!(from(&own, None), ["https://localhost:9002", us[0], us[1]]);
    let own = own.with_api("https://localhost:9001".parse().unwrap());
    assert_eq!(from(&own, None), ["https://localhost:9002"]);
    assert!(base_urls.download_origins(Some("https://www.zohoapis.example")).is_err());
}

#[test]
fn uses_a_custom_server_for_every_token() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts("https://localhost:9000".parse().unwrap())
        .with_api("https://localhost:9001".parse().unwrap());
    assert_eq!(origin(&base_urls, Some("https://www.zohoapis.eu")), "https://localhost:9001");
    let kept = base_urls.accounts_of(Some("https://accounts.zoho.eu"), None).unwrap();
    assert_eq!(kept.to_string(), "https://localhost:9000");
}

#[test]
fn refuses_a_sandbox_api_base_url_for_production() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_api("https://sandbox.zohoapis.com".parse().unwrap());
    let error = base_urls.api_origin(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`sandbox`"), "{error}");
    assert!(error.to_string().contains("`production`"), "{error}");
}

#[test]
fn takes_the_data_center_of_a_configured_server_until_a_token() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Sandbox)
        .with_api("https://www.zohoapis.eu".parse().unwrap());
    assert_eq!(origin(&base_urls, None), "https://sandbox.zohoapis.eu");
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_accounts("https://accounts.zoho.in".parse().unwrap());
    assert_eq!(origin(&base_urls, None), "https://www.zohoapis.in");
    assert_eq!(origin(&base_urls, Some("https://www.zohoapis.jp")), "https://www.zohoapis.jp");
}

#[test]
fn names_both_sides_of_a_contradiction() {
    let base_urls = BaseUrls::new(DataCenter::US, Environment::Production)
        .with_api("https://www.zohoapis.com".parse().unwrap());
    let error = base_urls.api_origin(Some("https://www.zohoapis.eu")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
    assert!(error.to_string().contains("`eu`") && error.to_string().contains("`us`"));
    let error = base_urls.api_origin(Some("https://sandbox.zohoapis.com")).unwrap_err();
    assert!(error.to_string().contains("`sandbox`"), "{error}");
}
