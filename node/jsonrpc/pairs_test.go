package jsonrpc_test

import (
	"strings"
	"testing"

	"github.com/gotensor/gotensor/node/jsonrpc"
)

// pairs are requests and the bytes that answer them; "" is no answer.
//
// The first two groups come from the reference's own tests, with the names of our methods; the third is derived from its sources.
var pairs = []struct{ name, request, want string }{
	// Source: paritytech/jsonrpsee v0.24.9, server/src/tests/http.rs and ws.rs (the name is the test's).
	{"single_method_call_works", `{"jsonrpc":"2.0","method":"say_hello","id":1}`, `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"invalid_single_method_call", `{"jsonrpc":"2.0","method":1, "params": "bar"}`, parseError},
	{"single_method_call_with_params", `{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"should_return_method_not_found", `{"jsonrpc":"2.0","method":"bar","id":"foo"}`,
		`{"jsonrpc":"2.0","id":"foo","error":{"code":-32601,"message":"Method not found"}}`},
	{"invalid_json_id_missing_value", `{"jsonrpc":"2.0","method":"say_hello","id"}`, parseError},
	{"invalid_request_object", `{"method":"bar","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid request"}}`},
	{"unknown_field_is_ok", `{"jsonrpc":"2.0","method":"say_hello","id":1,"is_not_request_object":1}`, `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"notif_works", `{"jsonrpc":"2.0","method":"bar"}`, ""},
	{"valid_batched_method_calls", `[
		{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1},
		{"jsonrpc":"2.0","method":"add", "params":[3, 4],"id":2},
		{"jsonrpc":"2.0","method":"say_hello","id":3},
		{"jsonrpc":"2.0","method":"add", "params":[5, 6],"id":4}
	]`, `[{"jsonrpc":"2.0","id":1,"result":3},{"jsonrpc":"2.0","id":2,"result":7},{"jsonrpc":"2.0","id":3,"result":"lo"},{"jsonrpc":"2.0","id":4,"result":11}]`},
	{"batched_notifications", `[{"jsonrpc": "2.0", "method": "notif", "params": [1,2,4]},{"jsonrpc": "2.0", "method": "notif", "params": [7]}]`, ""},
	{"invalid_batch_calls: empty", `[]`, invalidRequest},
	{"invalid_batch_calls: [123]", `[123]`, `[` + invalidRequest + `]`},
	{"invalid_batch_calls: [1, 2, 3]", `[1, 2, 3]`, `[` + invalidRequest + `,` + invalidRequest + `,` + invalidRequest + `]`},
	{"invalid_batch_calls: bad JSON", `[
		{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
		{"jsonrpc": "2.0", "method"
	  ]`, parseError},
	{"batch_with_mixed_calls", `[
			{"jsonrpc": "2.0", "method": "add", "params": [1,6,4], "id": "1"},
			{"jsonrpc": "2.0", "method": "add", "params": [7]},
			{"foo": "boo"},
			{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"}
		]`, `[{"jsonrpc":"2.0","id":"1","result":7},` + invalidRequest + `,{"jsonrpc":"2.0","id":"5","error":{"code":-32601,"message":"Method not found"}}]`},
	{"batch_notif_without_params_works", `[
			{"jsonrpc": "2.0", "method": "add", "params": [1,6,4], "id": "1"},
			{"jsonrpc": "2.0", "method": "add"}
		]`, `[{"jsonrpc":"2.0","id":"1","result":7}]`},
	{"garbage_request_fails: 2", `{ `, parseError},
	{"garbage_request_fails: 3", `{}`, parseError},
	{"garbage_request_fails: 4", `{sds}`, parseError},
	{"garbage_request_fails: 5", `[`, parseError},
	{"garbage_request_fails: 6", `[dsds]`, parseError},
	{"garbage_request_fails: 8", `[{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}`, parseError},
	{"whitespace_is_not_significant: 1", `         {"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"whitespace_is_not_significant: 2", ` [{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}]`, `[{"jsonrpc":"2.0","id":1,"result":3}]`},
	{"whitespace_is_not_significant: 127", strings.Repeat(" ", 127) + `{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"parse_error_request_should_not_close_connection", `{"jsonrpc":"2.0","method":"bar","params":[1,"id":99}`, parseError},
	{"unsubscribe_wrong_sub_id_type", `{"jsonrpc":"2.0","method":"count_unsubscribe","params":[13.99],"id":0}`, onWebSocket(`{"jsonrpc":"2.0","id":0,"result":false}`)},

	// Source: paritytech/jsonrpsee v0.24.9, types/src/request.rs and params.rs, tests.
	{"deserialize_call: null", `{"jsonrpc":"2.0", "method":"say_hello", "id":null}`, `{"jsonrpc":"2.0","id":null,"result":"lo"}`},
	{"deserialize_call: escaped method name", `{"jsonrpc":"2.0", "method":"\"m", "id":null}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}`},
	{"params_parse: optional", `{"jsonrpc":"2.0","method":"optional","params":[],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":null}`},
	{"params_parse: null", `{"jsonrpc":"2.0","method":"optional","params":[null],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":null}`},
	{"params_parse: none", `{"jsonrpc":"2.0","method":"optional","params":null,"id":1}`, `{"jsonrpc":"2.0","id":1,"result":null}`},
	{"params_parse: given", `{"jsonrpc":"2.0","method":"optional","params":[7],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":7}`},

	// Derived from handle_rpc_call (server/src/server.rs), Id and Params (types/src), and serde's rules for structs.
	{"id: largest number", `{"jsonrpc":"2.0","method":"say_hello","id":18446744073709551615}`, `{"jsonrpc":"2.0","id":18446744073709551615,"result":"lo"}`},
	{"id: too large", `{"jsonrpc":"2.0","method":"say_hello","id":18446744073709551616}`, ""},
	{"id: negative", `{"jsonrpc":"2.0","method":"say_hello","id":-1}`, ""},
	{"id: fraction", `{"jsonrpc":"2.0","method":"say_hello","id":1.0}`, ""},
	{"id: object", `{"jsonrpc":"2.0","method":"say_hello","id":{}}`, ""},
	{"id: object, no version", `{"method":"say_hello","id":{}}`, parseError},
	{"id: text", `{"jsonrpc":"2.0","method":"say_hello","id":"é\n\"\u0001\/<>&"}`, `{"jsonrpc":"2.0","id":"é\n\"\u0001/<>&","result":"lo"}`},
	{"id: surrogates", `{"jsonrpc":"2.0","method":"say_hello","id":"\ud83d\ude00"}`, `{"jsonrpc":"2.0","id":"😀","result":"lo"}`},
	{"id: lone surrogate", `{"jsonrpc":"2.0","method":"say_hello","id":"\ud83d"}`, ""},
	{"id twice", `{"jsonrpc":"2.0","method":"say_hello","id":1,"id":2}`, ""},
	{"method twice", `{"jsonrpc":"2.0","method":"say_hello","method":"say_hello","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid request"}}`},
	{"params twice", `{"jsonrpc":"2.0","method":"say_hello","params":[],"params":[],"id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid request"}}`},
	{"names of fields are exact", `{"jsonrpc":"2.0","Method":"say_hello","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid request"}}`},
	{"names of fields may be escaped", `{"jsonrpc":"2.\u0030","m\u0065thod":"say_hello","id":1}`, `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"version 1", `{"jsonrpc":"1.0","method":"say_hello","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Invalid request"}}`},
	{"rest after the object", `{"jsonrpc":"2.0","method":"say_hello","id":1} x`, parseError},
	{"control character", "{\"jsonrpc\":\"2.0\",\"method\":\"say_\nhello\",\"id\":1}", parseError},
	{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"say_hello\xff\",\"id\":1}", parseError},
	{"form feed in front", "\f{\"jsonrpc\":\"2.0\",\"method\":\"say_hello\",\"id\":1}", `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"white space behind", "{\"jsonrpc\":\"2.0\",\"method\":\"say_hello\",\"id\":1}\r\n\t ", `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"more parameters than read", `{"jsonrpc":"2.0","method":"add","params":[1,2,"x",[{}]],"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"parameters where none are read", `{"jsonrpc":"2.0","method":"say_hello","params":"x","id":1}`, `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"fewer parameters", `{"jsonrpc":"2.0","method":"add","params":[1],"id":1}`, invalidParams("No more params")},
	{"no parameters", `{"jsonrpc":"2.0","method":"add","id":1}`, invalidParams("No more params")},
	{"empty array with a space", `{"jsonrpc":"2.0","method":"add","params":[ ],"id":1}`, invalidParams("expected value at line 1 column 2")},
	{"parameters are no array", `{"jsonrpc":"2.0","method":"optional","params":"x","id":1}`,
		invalidParams(`Invalid params. Expected one of '[', ']' or ',' but found \"\\\"x\\\"\"`)},
	{"wrong type, first", `{"jsonrpc":"2.0","method":"strict","params":["x"],"id":1}`, invalidParams("invalid type at line 1 column 3")},
	{"wrong type, second", `{"jsonrpc":"2.0","method":"strict","params":[ 1 , null ],"id":1}`, invalidParams("invalid type at line 1 column 5")},
	{"wrong type, second line", "{\"jsonrpc\":\"2.0\",\"method\":\"strict\",\"params\":[1,\n  true],\"id\":1}", invalidParams("invalid type at line 2 column 6")},
	{"by name", `{"jsonrpc":"2.0","method":"add","params":{"b":2,"first_number":1,"other":{}},"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"by name in camel case", `{"jsonrpc":"2.0","method":"add","params":{"firstNumber":1,"b":2},"id":1}`, `{"jsonrpc":"2.0","id":1,"result":3}`},
	{"by name, missing", `{"jsonrpc":"2.0","method":"add","params":{"b":2},"id":1}`, invalidParams("missing field `first_number` at line 1 column 7")},
	{"by name, twice", `{"jsonrpc":"2.0","method":"add","params":{"b":2, "b" :3},"id":1}`, invalidParams("duplicate field `b` at line 1 column 11")},
	{"by name, wrong type", `{"jsonrpc":"2.0","method":"strict","params":{"a":"x"},"id":1}`, invalidParams("invalid type at line 1 column 8")},
	{"batch in a batch", `[[{"jsonrpc":"2.0","method":"say_hello","id":1}]]`, `[` + invalidRequest + `]`},
	{"batch of an invalid call and a notification", `[{"id":5},{"jsonrpc":"2.0","method":"x"}]`, `[{"jsonrpc":"2.0","id":5,"error":{"code":-32600,"message":"Invalid request"}}]`},
	{"error of a handler", `{"jsonrpc":"2.0","method":"fails","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`},
	{"panic of a handler", `{"jsonrpc":"2.0","method":"panics","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`},
	{"panic of a result", `{"jsonrpc":"2.0","method":"panics_later","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`},
	{"panic of an error", `{"jsonrpc":"2.0","method":"panics_error","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`},
	{"result that does not encode", `{"jsonrpc":"2.0","method":"channel","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`},
	{"error with data", `{"jsonrpc":"2.0","method":"custom","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":1010,"message":"Invalid <Transaction>","data":{"a":[1]}}}`},
	{"shapes of results", `{"jsonrpc":"2.0","method":"shapes","id":1}`, `{"jsonrpc":"2.0","id":1,"result":["0x","0x00ff10abcdef","a<b>&\u0000",null,{"x":1}]}`},
	{"subscription that refuses", `{"jsonrpc":"2.0","method":"refuse_subscribe","id":1}`, onWebSocket(`{"jsonrpc":"2.0","id":1,"error":{"code":4,"message":"no"}}`)},
	{"subscription that ends without a word", `{"jsonrpc":"2.0","method":"mute_subscribe","id":1}`, onWebSocket(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`)},
	{"subscription that panics", `{"jsonrpc":"2.0","method":"panic_subscribe","id":1}`, onWebSocket(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}`)},
	{"subscription with bad parameters", `{"jsonrpc":"2.0","method":"count_subscribe","id":1}`, onWebSocket(invalidParams("No more params"))},
	{"unsubscribe by a number", `{"jsonrpc":"2.0","method":"count_unsubscribe","params":[1],"id":1}`, onWebSocket(`{"jsonrpc":"2.0","id":1,"result":false}`)},
	{"unsubscribe without an id", `{"jsonrpc":"2.0","method":"count_unsubscribe","id":1}`, onWebSocket(`{"jsonrpc":"2.0","id":1,"result":false}`)},
	{"rpc_methods", `{"jsonrpc":"2.0","method":"rpc_methods","id":1}`, `{"jsonrpc":"2.0","id":1,"result":{"methods":["add","channel","count_alias","count_subscribe","count_unsubscribe",` +
		`"custom","dangerous","fails","hex","mute_subscribe","mute_unsubscribe","optional","panic_subscribe","panic_unsubscribe","panics","panics_error","panics_later",` +
		`"refuse_subscribe","refuse_unsubscribe","rpc_methods","say_hello","shapes","strict"]}}`},
	{"unsafe, not allowed", `{"jsonrpc":"2.0","method":"dangerous","id":1}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"RPC call is unsafe to be called externally"}}`},
	{"deep nesting, passed on", `{"jsonrpc":"2.0","method":"say_hello","params":` + strings.Repeat(`[{"a":`, 100_000) + "1" + strings.Repeat("}]", 100_000) + `,"id":1}`,
		`{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	{"deep nesting, unclosed", `{"jsonrpc":"2.0","method":"say_hello","params":` + strings.Repeat("[", 1_000_000), parseError},
	{"a number of a megabyte", `{"jsonrpc":"2.0","method":"say_hello","id":` + strings.Repeat("9", 1_000_000) + `}`, ""},
}

const (
	parseError     = `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}`
	invalidRequest = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid request"}}`
)

func invalidParams(data string) string {
	return `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid params","data":"` + data + `"}}`
}

// onWebSocket marks an answer that HTTP replaces by an internal error.
func onWebSocket(s string) string { return "ws:" + s }

func TestPairs(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{}, methods(), jsonrpc.Safe)
	c := dial(t, addr)
	for _, p := range pairs {
		want, onlyWS := strings.CutPrefix(p.want, "ws:")
		t.Run(p.name+"/ws", func(t *testing.T) {
			send(t, c, p.request)
			if want == "" { // the next answer is that of the next call
				send(t, c, `{"jsonrpc":"2.0","method":"say_hello","id":"mark"}`)
				want = `{"jsonrpc":"2.0","id":"mark","result":"lo"}`
			}
			if got := receive(t, c); got != want {
				t.Errorf("\ngot  %.300s\nwant %.300s", got, want)
			}
		})
		t.Run(p.name+"/http", func(t *testing.T) {
			want := p.want
			if onlyWS {
				id := "1"
				if strings.Contains(p.request, `"id":0`) {
					id = "0"
				}
				want = `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32603,"message":"Internal error"}}`
			}
			if code, got := post(t, addr, p.request); code != 200 || got != want {
				t.Errorf("\ngot  %d %.300s\nwant %.300s", code, got, want)
			}
		})
	}
	// What begins with neither an object nor an array is refused before it is read: over HTTP with another status.
	for _, request := range []string{"", "dsdfs fsdsfds", "1", `"x"`, strings.Repeat(" ", 128) + `{"jsonrpc":"2.0","method":"add", "params":[1, 2],"id":1}`} {
		send(t, c, request)
		if got := receive(t, c); got != parseError {
			t.Errorf("%q: %s", request, got)
		}
		if code, got := post(t, addr, request); code != 400 || got != parseError {
			t.Errorf("%q: %d %s", request, code, got)
		}
	}
}
