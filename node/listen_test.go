package node

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
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
		{"taken port", []string{taken.Addr().String()}, 1, "", taken.Addr().String() + " is in use, 127.0.0.1:"},
		{"no such IPv6 address", []string{"127.0.0.1:0", "[2001:db8::1]:0"}, 1, "", "[2001:db8::1]:0 is left out"},
		{"only that", []string{"[2001:db8::1]:0"}, 0, "2001:db8::1", ""},
		{"no such IPv4 address", []string{"127.0.0.1:0", "192.0.2.1:0"}, 0, "192.0.2.1", ""},
		{"no address", []string{"127.0.0.1"}, 0, "missing port", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			listeners, err := listen(test.addresses, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
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
	listeners, err := listen([]string{"0.0.0.0:" + port, "[::]:" + port}, slog.New(slog.DiscardHandler))
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
