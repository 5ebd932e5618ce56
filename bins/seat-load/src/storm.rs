use std::{mem, sync::Arc};

use seat_history::History;
use seat_layout::{EventId, Layout, LayoutErrors, arena};
use thiserror::Error;
use tokio::{
    task::{JoinError, JoinSet},
    time,
};

use crate::{
    admin::Admin,
    audit::{self, Violation},
    client::{Client, ClientError},
    clock,
    cpu::{self, CpuSeconds},
    history,
    ledger::Ledger,
    options::StormOptions,
    origin::Origin,
    progress,
    random::Random,
    report::Report,
    sale::{Sale, Terms},
    tokens::{Role, TokenError, Tokens},
    user::{Unexpected, User},
    witness::{self, Testimony},
};

/// What came of one sale.
pub(crate) struct SaleOutcome {
    pub(crate) event: EventId,
    pub(crate) sold_out: bool,
    /// From the start to the last booking, or to the time limit.
    pub(crate) seconds: f64,
    pub(crate) ledger: Ledger,
    pub(crate) cpu: CpuSeconds,
    /// What the server said afterwards, of an event that is sold out.
    pub(crate) testimony: Option<Testimony>,
    pub(crate) violations: Vec<Violation>,
}

#[derive(Debug, Error)]
pub(crate) enum StormError {
    #[error("the layout was not made as it should be")]
    Layout(#[from] LayoutErrors),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the sale could not be prepared")]
    Preparation(#[source] ClientError),
    #[error("user {user} got no connection; is `ulimit -n` above the number of users?")]
    Connection { user: u32, source: ClientError },
    #[error("the sale was stopped")]
    Unexpected(#[from] Unexpected),
    #[error("a user's task crashed")]
    Crashed(#[from] JoinError),
    #[error("the states could not be surveyed")]
    Survey(#[source] ClientError),
    #[error("the audit could not read what it compares")]
    Audit(#[source] ClientError),
}

/// Prepares, sells and audits one event after the other, up to the time limit; gives the report and,
/// where one is wanted, the history.
///
/// # Errors
/// Every [`StormError`]; a violation or the time limit is no error but part of the report.
pub(crate) async fn run(options: &StormOptions) -> Result<(Report, History), StormError> {
    let document = arena(options.seats);
    let upload = serde_json::to_vec(&document).expect("a layout has a JSON form");
    let layout = Arc::new(Layout::new(document)?);

    let tokens = Tokens::new(options.secret.as_deref());
    let origins: Vec<_> = options.urls.iter().cloned().map(Arc::new).collect();
    let mut client = Client::new(Arc::clone(&origins[0]));
    client.connect().await.map_err(StormError::Preparation)?;
    let token = tokens.token(&mut client, "storm-admin", Role::Admin).await?;
    let mut admin = Admin::new(client, token);
    let layout_id = admin.create_layout(&upload).await.map_err(StormError::Preparation)?;
    let mut users = admit(options, &origins, &tokens).await?;

    let servers = match options.server_pids.as_slice() {
        [] => origins.iter().filter_map(|origin| cpu::server(origin)).collect(),
        pids => pids.to_vec(),
    };
    let terms = Terms { seats_per_order: options.per_order, hold_minutes: options.hold_minutes };
    let deadline = clock::now() + options.time_limit;
    let noted_since = options.history.as_ref().map(|_| clock::now());
    let mut history = History::default();
    let mut outcomes = Vec::new();
    for number in 1..=options.events {
        let name = format!("Storm {number} of {}", options.events);
        let event = admin.create_event(layout_id, &name).await.map_err(StormError::Preparation)?;
        let mut sale = Sale::new(event, Arc::clone(&layout), terms, deadline);
        sale.noted_since = noted_since;
        let mut random = Random::new(options.seed, number);
        let mut outcome =
            sell_and_audit(sale, &mut users, &mut admin, &servers, &mut random).await?;
        let sold_out = outcome.sold_out;
        history.operations.append(&mut outcome.ledger.operations);
        if let (true, Some(_), Some(testimony)) = (sold_out, noted_since, &outcome.testimony) {
            let mut bookings = Vec::new();
            for user in &mut users {
                bookings.extend(user.list_bookings(event).await.map_err(StormError::Audit)?);
            }
            history::add_final_state(&mut history, event, &layout, &bookings, &testimony.states);
        }
        outcomes.push(outcome);
        if !sold_out {
            break;
        }
    }
    if outcomes.iter().all(|outcome| outcome.sold_out) {
        history::complete(&mut history);
    }
    let broken = history::violations(&history);
    Ok((Report::new(options, servers, &outcomes, &broken), history))
}

/// The users, each with a token and an open connection.
async fn admit(
    options: &StormOptions,
    origins: &[Arc<Origin>],
    tokens: &Tokens,
) -> Result<Vec<User>, StormError> {
    let mut desk = Client::new(Arc::clone(&origins[0]));
    let mut users = Vec::with_capacity(options.users as usize);
    for (user, origin) in (1..=options.users).zip(origins.iter().cycle()) {
        let token = tokens.token(&mut desk, &history::user_name(user), Role::User).await?;
        let mut client = Client::new(Arc::clone(origin));
        client.connect().await.map_err(|source| StormError::Connection { user, source })?;
        users.push(User::new(user, client, token, Random::new(options.seed, user)));
    }
    Ok(users)
}

async fn sell_and_audit(
    sale: Sale,
    users: &mut Vec<User>,
    admin: &mut Admin,
    servers: &[u32],
    random: &mut Random,
) -> Result<SaleOutcome, StormError> {
    let sale = Arc::new(sale);
    let cpu_before = CpuSeconds::so_far(servers);
    let ledger = tokio::select! {
        ledger = sell(&sale, users, admin) => ledger?,
        never = progress::show(&sale) => match never {},
    };
    let cpu = CpuSeconds::so_far(servers).minus(cpu_before);
    // After the deadline the answer to a last confirm may be missing, sold out or not.
    let sold_out = sale.is_sold_out() && clock::now() < sale.deadline;
    let seconds = seconds(&sale, &ledger, sold_out);
    let mut violations = audit::answers(&sale.layout, &ledger.bookings);
    let mut testimony = None;
    if sold_out {
        let asked = witness::testimony(admin, &sale, &ledger.bookings, random)
            .await
            .map_err(StormError::Audit)?;
        violations.extend(audit::sold_out(&sale.layout, &ledger.bookings, &asked));
        testimony = Some(asked);
    }
    Ok(SaleOutcome { event: sale.event, sold_out, seconds, ledger, cpu, testimony, violations })
}

/// Lets all users order at once until the event is sold out or the deadline has come; gives what
/// all of them saw.
async fn sell(
    sale: &Arc<Sale>,
    users: &mut Vec<User>,
    admin: &mut Admin,
) -> Result<Ledger, StormError> {
    // On the one thread no user begins before this function waits: they start together.
    let mut crowd: JoinSet<_> =
        users.drain(..).map(|user| user.take_part(Arc::clone(sale))).collect();
    let everyone = async {
        let mut ledger = Ledger::default();
        while let Some(user) = crowd.join_next().await {
            let mut user = user??;
            ledger.append(mem::take(&mut user.ledger));
            users.push(user);
        }
        Ok(ledger)
    };
    let survey = async {
        match time::timeout_at(sale.deadline, sale.survey(admin)).await {
            Ok(surveyed) => surveyed.map_err(StormError::Survey),
            Err(_deadline) => Ok(()),
        }
    };
    let (ledger, ()) = tokio::try_join!(everyone, survey)?;
    Ok(ledger)
}

fn seconds(sale: &Sale, ledger: &Ledger, sold_out: bool) -> f64 {
    let last_booking = ledger.bookings.iter().map(|booking| booking.after).max();
    let duration = match last_booking {
        Some(after) if sold_out => after,
        Some(_) | None => clock::now().min(sale.deadline) - sale.started,
    };
    duration.as_secs_f64()
}
