use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;

/// Where a request comes from, as one key of a limiter: the peer or, when that is a proxy that is
/// trusted, the last address of `X-Forwarded-For` that no trusted proxy has.
pub(crate) fn client_address(request: &HttpRequest, trusted: &[IpAddr]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let headers = request.headers().get_all("x-forwarded-for");
    let hops: Vec<&str> =
        headers.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    network(last_untrusted(peer, &hops, trusted))
}

/// Walks from the peer towards the client. Whoever wrote what stands before the first address
/// that is not trusted may have invented it.
fn last_untrusted(peer: IpAddr, hops: &[&str], trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer.to_canonical();
    for hop in hops.iter().rev() {
        match parse(hop.trim()) {
            Some(before) if trusted.contains(&address) => address = before.to_canonical(),
            Some(_) | None => break,
        }
    }
    address
}

/// Some proxies write the port too.
fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip())).ok()
}

/// A customer of an IPv6 network has at least 64 bits of it, and could take any address therein.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let hops = ["1.1.1.1", "2.2.2.2"];
        assert_eq!(last_untrusted(ip("9.9.9.9"), &hops, &[]), ip("9.9.9.9"));
        assert_eq!(last_untrusted(ip("9.9.9.9"), &hops, &[ip("8.8.8.8")]), ip("9.9.9.9"));
    }

    #[test]
    fn behind_trusted_proxies_it_is_whom_the_first_of_them_saw() {
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        let hops = ["6.6.6.6", "1.2.3.4:5678", "10.0.0.2"];
        assert_eq!(last_untrusted(ip("10.0.0.1"), &hops, &trusted), ip("1.2.3.4"));
        assert_eq!(last_untrusted(ip("::ffff:10.0.0.1"), &hops, &trusted), ip("1.2.3.4"));
        assert_eq!(last_untrusted(ip("10.0.0.1"), &["nonsense"], &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn one_network_of_ipv6_is_one_address() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.7"));
    }
}
