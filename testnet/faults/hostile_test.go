package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
)

// grown bounds what a process may have of its own after a flood more than before it. The collector lets garbage grow to the size of what lives, and the runtime gives pages back late.
const grown = 200 << 20

// lighter waits until a node takes about what it took before a flood: the collector runs every two minutes where nobody needs memory.
func lighter(t testing.TB, n *solo.Node, before weight) (after weight) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(200 * time.Millisecond) {
		after = weigh(t, n)
		// The pages that are not its own are those of the store's files, which the kernel takes back where it needs them.
		if after.goroutines <= before.goroutines+20 && after.anon <= before.anon+grown {
			return after
		}
		if time.Now().After(deadline) {
			t.Errorf("after it: %v; before: %v", after, before)
			return after
		}
	}
}

// paysIn sends a good transfer and waits until it is in a final block.
func paysIn(t testing.TB, n *solo.Node, from *driver.Sender, terms driver.Terms) {
	t.Helper()
	n.Call(t, &from.Nonce, "system_accountNextIndex", from.Account().String())
	terms.Tip = 1_000_000
	want := from.Nonce + 1
	n.Call(t, nil, "author_submitExtrinsic", onWire(from.Sign(transfer(sender(t, "//Eve").Account(), 5000), terms)))
	waitFor(t, "a good transfer is final", func() bool {
		_, head := finalised(t, n)
		nonce, _, _ := balance(t, n, from.Account(), head)
		return nonce >= want
	})
}

// spoiler makes extrinsics that are none.
type spoiler struct {
	*rand.Rand
	from  *driver.Sender
	terms driver.Terms
}

func (s *spoiler) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return b
}

// sign signs a call with a nonce that is due or not far from it.
func (s *spoiler) sign(call []byte) []byte {
	s.from.Nonce = s.Uint32N(3)
	return s.from.Sign(call, s.terms)
}

// nested wraps a call in others, so many deep.
func (s *spoiler) nested(depth int) []byte {
	call := []byte{0, 0, 0} // System.remark("")
	for range depth {
		switch s.IntN(4) {
		case 0: // Utility.batch
			call = append([]byte{11, 0, 4}, call...)
		case 1: // Utility.batch_all
			call = append([]byte{11, 2, 4}, call...)
		case 2: // Sudo.sudo
			call = append([]byte{12, 0}, call...)
		case 3: // Utility.force_batch
			call = append([]byte{11, 4, 4}, call...)
		}
	}
	return call
}

// next returns what goes into author_submitExtrinsic: JSON.
func (s *spoiler) next() (kind, param string) {
	quoted := func(b []byte) string { return `"` + toHex(b) + `"` }
	good := func() []byte {
		return scale.AppendBytes(nil, s.sign(transfer(chain.AccountID(s.bytes(32)), s.Uint64N(1<<40))))
	}
	switch s.IntN(12) {
	case 0:
		b := good()
		for range 1 + s.IntN(3) {
			b[2+s.IntN(len(b)-2)] ^= 1 << s.IntN(8)
		}
		return "flipped bits", quoted(b)
	case 1:
		b := good()
		return "cut off", quoted(b[:s.IntN(len(b))])
	case 2:
		b := good()
		b = b[2 : 2+s.IntN(len(b)-2)]
		return "cut off, with the length that is left", quoted(scale.AppendBytes(nil, b))
	case 3:
		return "random bytes", quoted(s.bytes(s.IntN(300)))
	case 4:
		b := s.bytes(s.IntN(300))
		if len(b) > 0 {
			b[0] = []byte{4, 5, 0x84, 0x44, 0x45, 0x85}[s.IntN(6)]
		}
		return "random bytes behind a version", quoted(scale.AppendBytes(nil, b))
	case 5: // a length of many gigabytes, of the whole or of a list in a call
		if s.IntN(2) == 0 {
			return "huge length", quoted(append([]byte{[]byte{0x03, 0x07, 0x0b, 0x0f, 0x13, 0xfe}[s.IntN(6)]}, s.bytes(4+s.IntN(40))...))
		}
		huge := append([][]byte{{0, 0}, {11, 0}, {11, 2}, {12, 0, 0, 2}, {0, 4}}[s.IntN(5)], 0x03, 0xff, 0xff, 0xff, 0xff)
		return "huge length in a call", quoted(scale.AppendBytes(nil, s.sign(huge)))
	case 6:
		return "nested calls", quoted(scale.AppendBytes(nil, s.sign(s.nested(10+s.IntN(3000)))))
	case 7:
		return "signed random call", quoted(scale.AppendBytes(nil, s.sign(append([]byte{[]byte{0, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 77}[s.IntN(13)]}, s.bytes(s.IntN(120))...))))
	case 8: // unsigned, as an inherent is, and extrinsics that only a block may have
		return "unsigned", quoted(scale.AppendBytes(nil, append([]byte{[]byte{4, 5}[s.IntN(2)]}, append([]byte{2, 0, 0x0b}, s.bytes(6)...)...)))
	case 9:
		if s.IntN(20) == 0 {
			return "large", quoted(scale.AppendBytes(nil, s.bytes(1<<20+s.IntN(1<<20))))
		}
		return "another chain's", func() string {
			terms := s.terms
			copy(terms.Genesis[:], s.bytes(32))
			return quoted(scale.AppendBytes(nil, s.from.Sign(transfer(s.from.Account(), 1), terms)))
		}()
	case 10: // a good one with a tail, of which the nonce is due: it is the same extrinsic
		return "length that is too small", func() string {
			b := good()
			b[0] -= 4 * byte(1+s.IntN(20))
			return quoted(b)
		}()
	}
	return "no bytes", []string{`"0x"`, `"0xabc"`, `"zz"`, `""`, `null`, `5`, `[]`, `{}`, `true`, `"` + strings.Repeat("0x", 50) + `"`}[s.IntN(10)]
}

// TestExtrinsics submits malformed extrinsics.
func TestExtrinsics(t *testing.T) {
	const count, size = 10_000, 50
	n := start(t, solo.Config{Metrics: true})
	term := terms(t, n)
	good := sender(t, "//Alice")
	s := &spoiler{rand.New(rand.NewPCG(11, 13)), sender(t, "//Bob"), term}
	c := web(t, 2)
	refused, accepted := map[string]int{}, map[string]int{}
	flood := func(count int) {
		for done := 0; done < count; done += size {
			var kinds, calls []string
			for i := range size {
				kind, param := s.next()
				kinds = append(kinds, kind)
				calls = append(calls, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"author_submitExtrinsic","params":[%s]}`, i, param))
			}
			text, err := post(t.Context(), c, n, []byte("["+strings.Join(calls, ",")+"]"))
			if err != nil {
				t.Fatal(err)
			}
			var answers []response
			if err := json.Unmarshal(text, &answers); err != nil || len(answers) != size {
				t.Fatalf("%d answers, %v: %.300s", len(answers), err, text)
			}
			for i, a := range answers {
				switch {
				case a.Error == nil:
					accepted[kinds[i]]++
				case a.Error.Code == -32603 || len(a.Error.Error()) > 4000:
					t.Fatalf("%s: %.4000s", kinds[i], a.Error)
				default:
					refused[kinds[i]]++
				}
			}
		}
	}
	flood(500)
	before := weigh(t, n)
	clear(refused)
	clear(accepted)
	begun := time.Now()
	flood(count / 2)
	half := weigh(t, n)
	flood(count / 2)
	took := time.Since(begun)
	paysIn(t, n, good, term)
	after := lighter(t, n, before)
	goesOn(t, n, 2)
	sum := 0
	for kind, some := range refused {
		sum += some
		if kind != "nested calls" && kind != "signed random call" && accepted[kind] > some {
			t.Errorf("%s: %d were accepted, %d refused", kind, accepted[kind], some)
		}
	}
	if len(refused) < 12 || sum < count/2 {
		t.Errorf("refused: %v", refused)
	}
	t.Logf("FAULTS: %d malformed extrinsics in %v, %d refused, %v accepted; before %v, half way %v, after %v", count, took.Round(time.Second), sum, accepted, before, half, after)
}

// garbler makes requests that are not in order.
type garbler struct {
	*rand.Rand
	methods []string
	good    []string // values that mean something to some method
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// value returns a JSON value, or nearly.
func (g *garbler) value(depth int) string {
	if depth < 4 {
		switch g.IntN(12) {
		case 0:
			var all []string
			for range g.IntN(5) {
				all = append(all, g.value(depth+1))
			}
			return "[" + strings.Join(all, ",") + "]"
		case 1:
			var all []string
			for range g.IntN(4) {
				all = append(all, fmt.Sprintf("%q:%s", pick(g.Rand, "hash", "key", "keys", "bytes", "at", "x", "", "block_hash"), g.value(depth+1)))
			}
			return "{" + strings.Join(all, ",") + "}"
		}
	}
	switch g.IntN(8) {
	case 0, 1:
		return pick(g.Rand, g.good...)
	case 2:
		b := make([]byte, g.IntN(80))
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		return `"` + toHex(b) + `"`
	case 3:
		return fmt.Sprint(g.Uint64() >> g.IntN(64))
	case 4:
		return pick(g.Rand, "-1", "1.5", "1e400", "99999999999999999999999999", "-0", "0x10", "NaN")
	case 5:
		return pick(g.Rand, "null", "true", "false", `""`, `"0x"`, `"é\u0000"`, `"\ud800"`, "\"\xff\xfe\"", `"\x"`)
	case 6:
		return strings.Repeat("[", 1+g.IntN(2000))
	}
	return `"` + strings.Repeat("0", g.IntN(5000)) + `"`
}

// object returns one request, or what looks like it.
func (g *garbler) object() string {
	method := pick(g.Rand, g.methods...)
	switch g.IntN(10) {
	case 0:
		b := []byte(method)
		b[g.IntN(len(b))] ^= 1 << g.IntN(7)
		text, _ := json.Marshal(string(b))
		method = strings.Trim(string(text), `"`)
	case 1:
		method = pick(g.Rand, strings.ToUpper(method), method+"x", "", " "+method, strings.Repeat(method, 100), `\u0000`)
	}
	id := pick(g.Rand, "1", "2", `"a"`, "null", "-1", "1.5", `{}`, "[]", `"`+strings.Repeat("i", 1000)+`"`, "18446744073709551616", "true")
	version := pick(g.Rand, `"2.0"`, `"2.0"`, `"2.0"`, `"2.0"`, `"2.0"`, `"1.0"`, "2", "null")
	var params []string
	for range g.IntN(6) {
		params = append(params, g.value(0))
	}
	list := "[" + strings.Join(params, ",") + "]"
	if g.IntN(6) == 0 {
		list = g.value(0)
	}
	members := []string{`"jsonrpc":` + version, `"id":` + id, `"method":"` + method + `"`, `"params":` + list}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if g.IntN(8) == 0 {
		members = members[:g.IntN(len(members)+1)]
	}
	if g.IntN(20) == 0 {
		members = append(members, members...)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// frame returns what is sent at once.
func (g *garbler) frame() []byte {
	text := g.object()
	switch g.IntN(12) {
	case 0:
		var all []string
		for range g.IntN(20) {
			all = append(all, pick(g.Rand, g.object(), g.object(), g.value(0)))
		}
		text = "[" + strings.Join(all, ",") + "]"
	case 1:
		text = text[:g.IntN(len(text)+1)]
	case 2:
		text = g.value(0)
	}
	b := []byte(text)
	if g.IntN(8) == 0 && len(b) > 0 {
		for range 1 + g.IntN(4) {
			b[g.IntN(len(b))] = byte(g.Uint32())
		}
	}
	return b
}

// TestRequests sends malformed requests of every method that the node has, over HTTP and WebSocket in turns.
func TestRequests(t *testing.T) {
	const count, size = 10_000, 100
	n := start(t, solo.Config{Metrics: true})
	term := terms(t, n)
	var listed struct{ Methods []string }
	n.Call(t, &listed, "rpc_methods")
	if len(listed.Methods) < 80 {
		t.Fatalf("%d methods", len(listed.Methods))
	}
	// What these do is to change what the node logs, which a test cannot tell from a fault.
	listed.Methods = slices.DeleteFunc(listed.Methods, func(name string) bool { return strings.HasSuffix(name, "LogFilter") })
	alice := sender(t, "//Alice")
	g := &garbler{rand.New(rand.NewPCG(17, 19)), listed.Methods, []string{
		`"` + term.Genesis.String() + `"`, "0", "1", `"0x1"`, `"` + alice.Account().String() + `"`, `"` + toHex(driver.StorageKey("System", "Account")) + `"`, `"Core_version"`,
		`"Metadata_metadata_at_version"`, `"0x0f000000"`, `"` + onWire(alice.Sign(transfer(alice.Account(), 7), term)) + `"`, `"aura"`, `"PERSISTENT"`, `"//Alice"`, "[]", "100",
	}}
	c := web(t, 4)
	answers, longest := 0, 0
	got := func(text []byte) {
		answers++
		longest = max(longest, len(text))
		if len(text) > 0 && !json.Valid(text) {
			t.Errorf("answer %.300q", text)
		}
	}
	var socket *websocket.Conn
	flood := func(count int) {
		for done := 0; done < count; done += size {
			if done/size%2 == 0 {
				for range size {
					text, err := post(t.Context(), c, n, g.frame())
					if err != nil {
						t.Fatal(err)
					}
					got(text)
				}
				continue
			}
			if socket == nil || g.IntN(5) == 0 { // subscriptions that were made by chance go with their connection
				if socket != nil {
					socket.CloseNow()
				}
				socket = dial(t, n)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			mark := fmt.Sprintf(`"mark %d"`, g.Uint64())
			wrote := make(chan error, 1)
			frames := make([][]byte, size)
			for i := range frames {
				frames[i] = g.frame()
			}
			go func() {
				for _, f := range frames {
					if err := socket.Write(ctx, websocket.MessageText, f); err != nil {
						wrote <- err
						return
					}
				}
				wrote <- socket.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":`+mark+`,"method":"system_name"}`))
			}()
			for marked := false; !marked; {
				_, text, err := socket.Read(ctx)
				if err != nil {
					t.Fatalf("WebSocket: %v, %v", err, <-wrote)
				}
				marked = strings.Contains(string(text), mark)
				if !marked {
					got(text)
				}
			}
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	}
	flood(1000)
	before := weigh(t, n)
	begun := time.Now()
	flood(count / 2)
	half := weigh(t, n)
	flood(count / 2)
	took := time.Since(begun)
	if socket != nil {
		socket.CloseNow()
	}
	paysIn(t, n, sender(t, "//Charlie"), term)
	after := lighter(t, n, before)
	goesOn(t, n, 2)
	t.Logf("FAULTS: %d malformed requests of %d methods in %v, %d answers of at most %d bytes; before %v, half way %v, after %v",
		count, len(listed.Methods), took.Round(time.Second), answers, longest, before, half, after)
}
