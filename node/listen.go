package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// listen binds the addresses of the RPC server. Addresses of several interfaces at one port, which stand one after another, are one server to its clients: "localhost"
// may mean any of them. So they all have the same port, also where it is 0, for any free one; and where it is taken at one of them, they all take another, or, with fixed,
// none, which is an error. An IPv6 address that cannot be had is left out where there is another address, because some systems have no IPv6. Each is what it says: [::] is
// not IPv4 as well. Source: sc-rpc-server, utils.rs, ListenAddr; sc-cli, params/rpc_params.rs, RpcEndpoint (paritytech/polkadot-sdk, stable2506), where each address takes
// another port by itself.
func listen(addresses []string, fixed bool, log *slog.Logger) (listeners []net.Listener, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(listeners))
			listeners = nil
		}
	}()
	var left error
	for len(addresses) > 0 {
		hosts, port, err := samePort(addresses)
		if err != nil {
			return listeners, err
		}
		addresses = addresses[len(hosts):]
		bound, out, err := bindAll(hosts, port, log)
		if errors.Is(err, syscall.EADDRINUSE) && !fixed {
			taken := err
			if bound, out, err = bindAll(hosts, "0", log); err == nil && len(bound) > 0 {
				log.Warn(fmt.Sprintf("JSON-RPC server: port %s is in use (%v), %s is taken instead", port, taken, bound[0].Addr()))
			}
		}
		if err != nil {
			return listeners, err
		}
		listeners = append(listeners, bound...)
		if out != nil {
			left = out
		}
	}
	if len(listeners) == 0 {
		return nil, left
	}
	return listeners, nil
}

// samePort returns the different hosts with which a list of addresses begins that have one port.
func samePort(addresses []string) (hosts []string, port string, err error) {
	for i, address := range addresses {
		h, p, err := net.SplitHostPort(address)
		if err != nil {
			return nil, "", err
		}
		if i > 0 && (p != port || slices.Contains(hosts, h)) {
			break
		}
		hosts, port = append(hosts, h), p
	}
	return hosts, port, nil
}

// tries is how often another free port is looked for: what is free for one host may be taken at the next.
const tries = 16

// bindAll listens at one port of all hosts, or of none. left is why an IPv6 address was left out.
func bindAll(hosts []string, port string, log *slog.Logger) (listeners []net.Listener, left, err error) {
	for range tries {
		listeners, left, err = bindOnce(hosts, port, log)
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return listeners, left, err
}

func bindOnce(hosts []string, port string, log *slog.Logger) (listeners []net.Listener, left, err error) {
	for _, host := range hosts {
		address := net.JoinHostPort(host, port)
		l, err := bind(address)
		switch {
		case err == nil:
			listeners = append(listeners, l)
			if _, port, err = net.SplitHostPort(l.Addr().String()); err != nil {
				return nil, nil, errors.Join(err, closeAll(listeners))
			}
		case isIPv6(address) && !errors.Is(err, syscall.EADDRINUSE):
			left = err
			log.Debug(fmt.Sprintf("JSON-RPC server: %s is left out: %v", address, err))
		default:
			return nil, nil, errors.Join(err, closeAll(listeners))
		}
	}
	return listeners, left, nil
}

func closeAll(listeners []net.Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// bind listens on an address as one of its own family alone: what the network "tcp" does with 0.0.0.0 takes the port of [::] as well.
func bind(address string) (net.Listener, error) {
	network := "tcp"
	if addr, err := netip.ParseAddrPort(address); err == nil {
		network = "tcp4"
		if addr.Addr().Is6() {
			network = "tcp6"
		}
	}
	return net.Listen(network, address)
}

func isIPv6(address string) bool {
	addr, err := netip.ParseAddrPort(address)
	return err == nil && addr.Addr().Is6()
}
