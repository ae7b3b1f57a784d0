//! What happens between clients and servers.

use std::time::Duration;

use super::{EVERYWHERE, Fault, Harm, Strike, Undo, done, sleep_ms};
use crate::soak::scene::Scene;
use crate::{Direction, Proxy, Seed};

const fn everywhere(name: &'static str, harm: Harm, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault::in_place(name, EVERYWHERE, harm, lasts, strike)
}

pub(super) const FAULTS: &[Fault] = &[
    everywhere("replies delayed a little", Harm::Lease, (300, 1200), delay_replies),
    everywhere("requests delayed a little", Harm::Lease, (300, 1200), delay_requests),
    everywhere("replies delayed by more than a lease", Harm::Lease, (800, 800), delay_past_lease),
    everywhere("requests held back, then let go", Harm::Lease, (200, 900), hold_requests),
    everywhere("replies held back, then let go", Harm::Lease, (200, 900), hold_replies),
    everywhere("requests lost", Harm::Lease, (100, 900), lose_requests),
    everywhere("replies lost", Harm::Lease, (100, 900), lose_replies),
    everywhere("silence both ways", Harm::Lease, (100, 1200), black_hole),
    everywhere("connections cut", Harm::Nothing, (0, 0), cut),
    everywhere("connections cut again and again", Harm::Lease, (0, 0), flap),
    everywhere("cut within a request", Harm::Nothing, (100, 300), cut_request),
    everywhere("cut within a reply", Harm::Nothing, (100, 300), cut_reply),
];

/// Does something to some connections, and heals them afterwards.
fn until_healed<'a>(network: Vec<&'a Proxy>, act: impl Fn(&Proxy)) -> Undo<'a> {
    network.iter().for_each(|proxy| act(proxy));
    Box::new(move || network.iter().for_each(|proxy| proxy.heal()))
}

fn delay_replies<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    delay(scene, seed, Direction::ToClient, 5, 40)
}

fn delay_requests<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    delay(scene, seed, Direction::ToServer, 5, 40)
}

fn delay_past_lease<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    delay(scene, seed, Direction::ToClient, 250, 400)
}

fn delay<'a>(scene: &'a Scene, seed: &mut Seed, way: Direction, least: u64, more: u64) -> Undo<'a> {
    let (least, more) = (Duration::from_millis(least), Duration::from_millis(more));
    until_healed(scene.network(seed), |proxy| proxy.delay(way, least, more))
}

fn hold_requests<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    hold(scene.network(seed), Direction::ToServer)
}

fn hold_replies<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    hold(scene.network(seed), Direction::ToClient)
}

/// Not healed: what was held back has to arrive.
fn hold(network: Vec<&Proxy>, way: Direction) -> Undo<'_> {
    network.iter().for_each(|proxy| proxy.stall(way, true));
    Box::new(move || network.iter().for_each(|proxy| proxy.stall(way, false)))
}

fn lose_requests<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    until_healed(scene.network(seed), |proxy| proxy.swallow(Direction::ToServer, true))
}

fn lose_replies<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    until_healed(scene.network(seed), |proxy| proxy.swallow(Direction::ToClient, true))
}

fn black_hole<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    until_healed(scene.network(seed), |proxy| proxy.black_hole(true))
}

fn cut<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    scene.network(seed).iter().for_each(|proxy| proxy.cut());
    done()
}

fn flap<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let network = scene.network(seed);
    for _ in 0..12 {
        network.iter().for_each(|proxy| proxy.cut());
        sleep_ms(20 + seed.below(100));
    }
    done()
}

fn cut_request<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let bytes = seed.below(3000);
    until_healed(scene.network(seed), |proxy| proxy.cut_after(Direction::ToServer, bytes))
}

fn cut_reply<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let bytes = seed.below(800);
    until_healed(scene.network(seed), |proxy| proxy.cut_after(Direction::ToClient, bytes))
}
