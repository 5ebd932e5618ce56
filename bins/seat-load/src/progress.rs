use std::{
    convert::Infallible,
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time;

use crate::sale::Sale;

/// How often the bar moves; each time costs the run some microseconds.
const BAR_EVERY: Duration = Duration::from_millis(200);

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Shows on stderr how far the sale has come, until the future is dropped.
pub(crate) async fn show(sale: &Sale) -> Infallible {
    if io::stderr().is_terminal() { show_bar(sale).await } else { show_lines(sale).await }
}

async fn show_bar(sale: &Sale) -> Infallible {
    let style = ProgressStyle::with_template("{bar:40} {msg}").expect("the template is constant");
    let bar = ClearedOnDrop(ProgressBar::new(u64::from(sale.board.seats())).with_style(style));
    loop {
        bar.0.set_message(line(sale));
        bar.0.set_position(u64::from(sale.seats_booked()));
        time::sleep(BAR_EVERY).await;
    }
}

/// Takes the bar away when the sale is over, so that the report stands alone.
struct ClearedOnDrop(ProgressBar);

impl Drop for ClearedOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

async fn show_lines(sale: &Sale) -> Infallible {
    loop {
        time::sleep(LINE_EVERY).await;
        eprintln!("{}", line(sale));
    }
}

fn line(sale: &Sale) -> String {
    let (booked, seconds) = (sale.seats_booked(), sale.started.elapsed().as_secs_f64());
    let rate = f64::from(booked) / seconds;
    format!("{booked} of {} seats booked, {rate:.0}/s", sale.board.seats())
}
