package json_test

import (
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/primitives/chain"
)

func parse(t testing.TB, text string) json.Value {
	t.Helper()
	v, err := json.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestGetters(t *testing.T) {
	v := parse(t, ` { "n" : 18446744073709551615, "text":"a\"\\\/\b\f\n\r\té😀", "yes":true, "no" : false, "nil":null,
		"list":[1, [2,3],{}], "hex":"0x00fF", "who":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "n": 7 } `)
	if n, err := v.Field("n").Uint64(); n != 7 || err != nil {
		t.Errorf("n: got %d, %v", n, err)
	}
	if s, err := v.Field("text").Text(); s != "a\"\\/\b\f\n\r\té😀" || err != nil {
		t.Errorf("text: got %q, %v", s, err)
	}
	if b, err := v.Field("yes").Bool(); !b || err != nil {
		t.Errorf("yes: got %v, %v", b, err)
	}
	if b, err := v.Field("no").Bool(); b || err != nil {
		t.Errorf("no: got %v, %v", b, err)
	}
	if !v.Field("nil").IsNull() || !v.Field("absent").IsNull() || v.Field("no").IsNull() {
		t.Error("null")
	}
	if b, err := v.Field("hex").Hex(); string(b) != "\x00\xff" || err != nil {
		t.Errorf("hex: got %x, %v", b, err)
	}
	want, err := chain.ParseAccountID("0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := v.Field("who").Account(); id != want || err != nil {
		t.Errorf("who: got %s, %v", id, err)
	}
	items, err := v.Field("list").Tuple(3)
	if err != nil || string(items[1]) != "[2,3]" || string(items[2]) != "{}" {
		t.Errorf("list: got %q, %v", items, err)
	}
	if n, err := parse(t, "18446744073709551615").Uint64(); n != 1<<64-1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if text, err := parse(t, `"\ud83d\ude00\ud83d"`).Text(); text != "😀\ufffd" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":            "JSON at byte 0: expected a value",
		"{":           "JSON at byte 1: expected \"",
		`{"a":1,}`:    "JSON at byte 7: expected \"",
		"[1,]":        "JSON at byte 3: expected a value",
		"[1":          "JSON at byte 2: expected ,",
		"01":          "JSON at byte 1: expected end",
		"1.":          "JSON at byte 2: expected a digit",
		"\"\x01\"":    "JSON at byte 1: expected the end of a string",
		"\"\xff\"":    "JSON at byte 1: expected UTF-8",
		`"\x"`:        "JSON at byte 2: expected an escape",
		"nul":         "JSON at byte 3: expected l",
		"true false":  "JSON at byte 5: expected end",
		`{"a" 1}`:     "JSON at byte 5: expected :",
		`{1:1}`:       "JSON at byte 1: expected \"",
		"\"\\u12g4\"": "JSON at byte 5: expected a hex digit",
	} {
		if _, err := json.Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	deep := strings.Repeat("[", json.MaxDepth+2) + strings.Repeat("]", json.MaxDepth+2)
	if _, err := json.Parse([]byte(deep)); err == nil {
		t.Error("nesting without bound")
	}

	v := parse(t, `{"balances":[["5Grw",1],[1,-1],["x",1.5],["x",18446744073709551616]]}`)
	get := func(i int) error {
		return json.At("genesis", v.Members(func(_ string, list json.Value) error {
			return list.Items(func(at int, item json.Value) error {
				if at != i {
					return nil
				}
				pair, err := item.Tuple(2)
				if err != nil {
					return err
				}
				if i < 2 {
					_, err = pair[0].Account()
					return json.At("[0]", err)
				}
				_, err = pair[1].Uint64()
				return json.At("[1]", err)
			})
		}))
	}
	for i, want := range []string{
		"genesis.balances[0][0]: address \"5Grw\": ",
		"genesis.balances[1][0]: expected an address, got 1",
		"genesis.balances[2][1]: expected an integer of at most 64 bits, got 1.5",
		"genesis.balances[3][1]: expected an integer of at most 64 bits, got 18446744073709551616",
	} {
		if err := get(i); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := json.At("a", errors.New("b")); err.Error() != "a: b" || json.At("a", nil) != nil {
		t.Errorf("got %v", err)
	}
	if _, err := parse(t, `"`+strings.Repeat("ä", 40)+`"`).Uint64(); !strings.HasSuffix(err.Error(), "ä…") {
		t.Errorf("got %v", err)
	}
}

// What Parse takes encoding/json takes, and the other way round, and strings read alike.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e+7,"é\n",true,false,null]}`, `[[],{}]`, `"`, `1e`, `"\ud83d"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := json.Parse(text)
		var std any
		stdErr := stdjson.Unmarshal(text, &std)
		if (err == nil) != (stdErr == nil) {
			if err != nil && strings.HasSuffix(err.Error(), "UTF-8") || err != nil && strings.HasSuffix(err.Error(), "nesting") {
				return // encoding/json takes these
			}
			if _, ok := stdErr.(*stdjson.UnmarshalTypeError); ok {
				return // a number out of range of float64
			}
			t.Fatalf("%q: got %v, encoding/json %v", text, err, stdErr)
		}
		if err != nil {
			return
		}
		same(t, v, std)
	})
}

func same(t *testing.T, v json.Value, std any) {
	switch std := std.(type) {
	case nil:
		if !v.IsNull() {
			t.Fatalf("%q is not null", v)
		}
	case string:
		if got, err := v.Text(); got != std || err != nil {
			t.Fatalf("%q: got %q, %v", v, got, err)
		}
	case bool:
		if got, err := v.Bool(); got != std || err != nil {
			t.Fatalf("%q: got %v, %v", v, got, err)
		}
	case []any:
		items, err := v.Tuple(len(std))
		if err != nil {
			t.Fatalf("%q: %v", v, err)
		}
		for i := range std {
			same(t, items[i], std[i])
		}
	case map[string]any:
		for name := range std {
			same(t, v.Field(name), std[name])
		}
	}
}
