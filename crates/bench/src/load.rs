//! The load: connections that send a request as soon as the last one is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use crate::Result;
use crate::data::Data;
use crate::http::{Call, Connection};

/// What one round has shown.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Requests answered in a second, by all connections.
    pub(crate) per_second: f64,
    /// The time that one request in a hundred exceeds.
    pub(crate) p99: Duration,
}

/// Runs this on several tasks, each told its number; answers in their order.
pub(crate) async fn in_parallel<T, F>(tasks: usize, task: impl Fn(usize) -> F) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let handles: Vec<_> = (0..tasks).map(|number| tokio::spawn(task(number))).collect();
    try_join_all(handles).await?.into_iter().collect()
}

/// Sends calls on each of `connections` for `seconds`, at least one. What the generator takes to write a request down
/// does not count.
pub(crate) async fn measure(
    data: &Arc<Data>,
    connections: usize,
    seconds: f64,
    call: fn(&Data, usize) -> Call,
) -> Result<Sample> {
    let times = in_parallel(connections, |number| one_connection(data.clone(), number, seconds, call)).await?;
    let rate = |times: &Vec<Duration>| {
        let requests = u32::try_from(times.len()).map_or(f64::NAN, f64::from);
        requests / times.iter().sum::<Duration>().as_secs_f64()
    };
    let per_second = times.iter().map(rate).sum();
    let mut times = times.concat();
    times.sort_unstable();
    Ok(Sample { per_second, p99: times[(times.len() * 99 / 100).min(times.len() - 1)] })
}

async fn one_connection(
    data: Arc<Data>,
    number: usize,
    seconds: f64,
    call: fn(&Data, usize) -> Call,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(data.address).await?;
    let began = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || began.elapsed().as_secs_f64() < seconds {
        let call = call(&data, number);
        let sent = Instant::now();
        connection.spend(&call).await?;
        times.push(sent.elapsed());
    }
    Ok(times)
}

/// The middle of some numbers.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}
