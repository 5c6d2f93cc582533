package node

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		addresses []string
		want      int    // listeners
		err       string // part of the error
		log       string // part of what is logged
	}{
		{"any port", []string{"127.0.0.1:0"}, 1, "", ""},
		{"taken port", []string{taken.Addr().String()}, 1, "", "port " + port + " is in use (listen tcp4 " + taken.Addr().String() + ": bind: address already in use), 127.0.0.1:"},
		{"no such IPv6 address", []string{"127.0.0.1:0", "[2001:db8::1]:0"}, 1, "", "is left out: listen tcp6 [2001:db8::1]:"},
		{"only that", []string{"[2001:db8::1]:0"}, 0, "2001:db8::1", ""},
		{"no such IPv4 address", []string{"127.0.0.1:0", "192.0.2.1:0"}, 0, "192.0.2.1", ""},
		{"no address", []string{"127.0.0.1"}, 0, "missing port", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			listeners, err := listen(test.addresses, false, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			for _, l := range listeners {
				defer l.Close()
				if _, p, _ := net.SplitHostPort(l.Addr().String()); p == port || p == "0" {
					t.Errorf("port %s", p)
				}
			}
			if len(listeners) != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || !strings.Contains(log.String(), test.log) {
				t.Errorf("%d listeners, %v, %s", len(listeners), err, &log)
			}
		})
	}
}

// Both interfaces are had at the same port.
func TestListenBothFamilies(t *testing.T) {
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this system has no IPv6")
	}
	_, port, _ := net.SplitHostPort(six.Addr().String())
	six.Close()
	listeners, err := listen([]string{"0.0.0.0:" + port, "[::]:" + port}, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		defer l.Close()
		if _, p, _ := net.SplitHostPort(l.Addr().String()); p != port {
			t.Errorf("%s, expected port %s", l.Addr(), port)
		}
	}
	if len(listeners) != 2 {
		t.Errorf("%d listeners", len(listeners))
	}
}

// Where the port is taken at one interface, all of them have another one: a client that asks "localhost" reaches this node and not the other. Any free port is the same
// for all, and a port that has to be had is an error.
func TestListenTaken(t *testing.T) {
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this system has no IPv6")
	}
	probe.Close()
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		taken, err := net.Listen("tcp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		_, port, _ := net.SplitHostPort(taken.Addr().String())
		pair := []string{"127.0.0.1:" + port, "[::1]:" + port}
		if listeners, err := listen(pair, true, slog.New(slog.DiscardHandler)); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), taken.Addr().String()) || listeners != nil {
			t.Errorf("%s is taken: %v, %v", taken.Addr(), listeners, err)
		}
		listeners, err := listen(append(pair, "127.0.0.1:0", "[::1]:0"), false, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var ports []string
		for _, l := range listeners {
			defer l.Close()
			_, p, _ := net.SplitHostPort(l.Addr().String())
			ports = append(ports, p)
		}
		if len(ports) != 4 || ports[0] == port || ports[0] != ports[1] || ports[2] != ports[3] || ports[0] == ports[2] {
			t.Errorf("%s is taken: ports %v", taken.Addr(), ports)
		}
	}
}
