package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
)

// listen binds the addresses of the RPC server, with Substrate's leniency: where a port is taken, any free one of that interface does; an IPv6 address that
// cannot be had is left out where there is another, because some systems have no IPv6. Each is what it says: [::] is not IPv4 as well.
// Source: sc-rpc-server, utils.rs, ListenAddr; sc-cli, params/rpc_params.rs, RpcEndpoint (paritytech/polkadot-sdk, stable2506).
func listen(addresses []string, log *slog.Logger) (listeners []net.Listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			listeners = nil
		}
	}()
	var left error
	for _, address := range addresses {
		l, err := bind(address)
		if errors.Is(err, syscall.EADDRINUSE) {
			host, _, failed := net.SplitHostPort(address)
			if failed != nil {
				return listeners, failed
			}
			if l, err = bind(net.JoinHostPort(host, "0")); err == nil {
				log.Warn(fmt.Sprintf("JSON-RPC server: %s is in use, %s is taken instead", address, l.Addr()))
			}
		}
		switch {
		case err == nil:
			listeners = append(listeners, l)
		case isIPv6(address):
			left = err
			log.Debug(fmt.Sprintf("JSON-RPC server: %s is left out: %v", address, err))
		default:
			return listeners, err
		}
	}
	if len(listeners) == 0 {
		return nil, left
	}
	return listeners, nil
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
