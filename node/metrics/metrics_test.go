package metrics

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestExport(t *testing.T) {
	r := NewRegistry("gotensor_local")
	n := NewNode(r, "Alice", "0.1.0", Authority, time.Unix(1_800_000_000, 0))
	n.Heights(5, 3, 9)
	n.Leaves(2)
	n.Ready(7)
	n.Caches(1<<20, 2<<20)
	n.Peers(4, true)
	e, err := Export("127.0.0.1:0", r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	url := "http://" + e.Addr().String()
	code, body := get(t, url+"/metrics")
	if code != 200 {
		t.Fatal(code, body)
	}
	got := make(map[string]bool)
	for line := range strings.SplitSeq(body, "\n") {
		got[line] = true
	}
	for _, want := range []string{
		`substrate_build_info{chain="gotensor_local",name="Alice",version="0.1.0"} 1`,
		`substrate_node_roles{chain="gotensor_local"} 4`,
		`substrate_process_start_time_seconds{chain="gotensor_local"} 1.8e+09`,
		`substrate_block_height{chain="gotensor_local",status="best"} 5`,
		`substrate_block_height{chain="gotensor_local",status="finalized"} 3`,
		`substrate_block_height{chain="gotensor_local",status="sync_target"} 9`,
		`substrate_number_leaves{chain="gotensor_local"} 2`,
		`substrate_ready_transactions_number{chain="gotensor_local"} 7`,
		`substrate_database_cache_bytes{chain="gotensor_local"} 1.048576e+06`,
		`substrate_state_cache_bytes{chain="gotensor_local"} 2.097152e+06`,
		`substrate_sub_libp2p_peers_count{chain="gotensor_local"} 4`,
		`substrate_sub_libp2p_is_major_syncing{chain="gotensor_local"} 1`,
	} {
		if !got[want] {
			t.Errorf("missing %s", want)
		}
	}
	if !strings.Contains(body, `go_goroutines{chain="gotensor_local"}`) {
		t.Error("no metrics of Go's runtime")
	}
	if code, body := get(t, url+"/"); code != 404 || body != "Not found." {
		t.Error(code, body)
	}
	if _, err := Export(e.Addr().String(), r, nil); err == nil {
		t.Error("two exporters on one port")
	}
}

func TestNone(t *testing.T) {
	var n *Node
	n.Heights(1, 1, 1)
	n.Leaves(1)
	n.Ready(1)
	n.Caches(1, 1)
	n.Peers(1, false)
}
