package conformance

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/wasmhost"
)

// server answers clients over a WebSocket as a node does whose chain has stayed at block 0: every answer about the chain comes from the runtime and its state. It has
// the methods that clients need to connect, to read and to sign, and no more: those of chainHead_v1 among them, which the node does not have, and at a block that every client
// of a test signs for, which a node that goes on does not keep.
type server struct {
	*testChain
	t *testing.T
}

// serve starts a server for the test and returns its URL.
func (c *testChain) serve(t *testing.T) string {
	s := &server{c, t}
	http := httptest.NewServer(http.HandlerFunc(s.accept))
	t.Cleanup(http.Close)
	return "ws" + strings.TrimPrefix(http.URL, "http")
}

type request struct {
	ID     json.RawMessage   `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) {
	// polkadot.js in a browser would send an Origin; these clients do not.
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(16 << 20)
	for {
		_, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var req request
		if err := json.Unmarshal(data, &req); err != nil {
			s.t.Errorf("a client sent %.200q: %v", data, err)
			return
		}
		result, events, err := s.answer(r.Context(), req)
		reply := map[string]any{"jsonrpc": "2.0", "id": req.ID}
		if err != nil {
			code := -32000
			if errors.Is(err, errNoMethod) {
				code = -32601
			}
			reply["error"] = rpcError{code, err.Error()}
		} else {
			reply["result"] = result
		}
		messages := []any{reply}
		for _, e := range events {
			messages = append(messages, map[string]any{"jsonrpc": "2.0", "method": e.method, "params": map[string]any{"subscription": e.id, "result": e.result}})
		}
		for _, m := range messages {
			text, err := json.Marshal(m)
			if err != nil {
				s.t.Error(err)
				return
			}
			if err := conn.Write(r.Context(), websocket.MessageText, text); err != nil {
				return
			}
		}
	}
}

// event is a notification of a subscription.
type event struct {
	method, id string
	result     any
}

var (
	errNoMethod = errors.New("method not found")
	errNoBlock  = errors.New("unknown block: header not found")
)

var methods = []string{
	"account_nextIndex", "chainHead_v1_call", "chainHead_v1_follow", "chainHead_v1_header", "chainHead_v1_storage", "chainHead_v1_unfollow", "chainHead_v1_unpin",
	"chainSpec_v1_chainName", "chainSpec_v1_genesisHash", "chainSpec_v1_properties", "chain_getBlockHash", "chain_getFinalizedHead", "chain_getHead", "chain_getHeader",
	"chain_subscribeFinalizedHeads", "chain_subscribeNewHeads", "rpc_methods", "state_call", "state_getKeysPaged", "state_getMetadata", "state_getRuntimeVersion",
	"state_getStorage", "state_getStorageAt", "state_queryStorageAt", "state_subscribeRuntimeVersion", "state_subscribeStorage", "system_accountNextIndex", "system_chain", "system_chainType",
	"system_health", "system_name", "system_properties", "system_version",
}

// answer carries out a request. Events are sent after the reply.
func (s *server) answer(ctx context.Context, req request) (result any, events []event, err error) {
	if !slices.Contains(methods, req.Method) {
		return nil, nil, fmt.Errorf("%w: %s", errNoMethod, req.Method)
	}
	text := func(i int) string {
		var v string
		if i < len(req.Params) {
			if e := json.Unmarshal(req.Params[i], &v); e != nil && err == nil && string(req.Params[i]) != "null" {
				err = fmt.Errorf("parameter %d: %w", i, e)
			}
		}
		return v
	}
	data := func(i int) []byte {
		b, e := hex.DecodeString(strings.TrimPrefix(text(i), "0x"))
		if e != nil && err == nil {
			err = fmt.Errorf("parameter %d: %w", i, e)
		}
		return b
	}
	// block checks the parameter that names a block, which may be missing.
	block := func(i int) {
		if v := text(i); v != "" && v != s.genesis.Hash.String() && err == nil {
			err = fmt.Errorf("%w: %s", errNoBlock, v)
		}
	}
	number := func(i int) (n uint64) {
		if e := json.Unmarshal(req.Params[i], &n); e != nil && err == nil {
			err = fmt.Errorf("parameter %d: %w", i, e)
		}
		return n
	}
	query := func(api string, args []byte) string {
		if err != nil {
			return ""
		}
		var out []byte
		if out, err = s.Query(ctx, s.genesis, api, args); errors.Is(err, wasmhost.ErrUnknownAPI) {
			err = fmt.Errorf("Client error: Execution failed: Other: Exported method %s is not found", api)
		}
		return bytesHex(out)
	}
	best := s.genesis.Hash.String()
	head := headerJSON(s.genesis.Header)
	subscription := "s" + strings.Trim(string(req.ID), `"`)
	switch req.Method {
	case "rpc_methods":
		result = map[string]any{"methods": methods}
	case "system_chain", "chainSpec_v1_chainName":
		result = s.spec.Name
	case "system_chainType":
		result = s.spec.ChainType
	case "system_name":
		result = "gotensor conformance"
	case "system_version":
		result = "1.0.0"
	case "system_health":
		result = map[string]any{"peers": 0, "isSyncing": false, "shouldHavePeers": false}
	case "system_properties", "chainSpec_v1_properties":
		result = s.spec.Properties
	case "account_nextIndex", "system_accountNextIndex":
		var account chain.AccountID
		if account, err = chain.ParseAccountID(text(0)); err != nil {
			break
		}
		var raw []byte
		if raw, err = s.Query(ctx, s.genesis, "AccountNonceApi_account_nonce", account[:]); err != nil {
			break
		}
		result, err = scale.UnmarshalFunc(raw, (*scale.Decoder).U32)

	case "chain_getHead", "chain_getFinalizedHead", "chainSpec_v1_genesisHash":
		result = best
	case "chain_getBlockHash":
		if len(req.Params) == 0 || string(req.Params[0]) == "null" || number(0) == 0 {
			result = best
		}
	case "chain_getHeader":
		block(0)
		result = head
	case "chain_subscribeNewHeads":
		result, events = subscription, []event{{"chain_newHead", subscription, head}}
	case "chain_subscribeFinalizedHeads":
		result, events = subscription, []event{{"chain_finalizedHead", subscription, head}}

	case "state_getMetadata":
		block(0)
		result = bytesHex(s.metadata[14])
	case "state_getRuntimeVersion":
		block(0)
		result = versionJSON(s.version, false)
	case "state_subscribeRuntimeVersion":
		result, events = subscription, []event{{"state_runtimeVersion", subscription, versionJSON(s.version, false)}}
	case "state_call":
		block(2)
		result = query(text(0), data(1))
	case "state_getStorage", "state_getStorageAt":
		block(1)
		result, err = s.storage(data(0), err)
	case "state_queryStorageAt", "state_subscribeStorage":
		if req.Method == "state_queryStorageAt" {
			block(1)
		}
		var keys []string
		if err = json.Unmarshal(req.Params[0], &keys); err != nil {
			break
		}
		var changes [][2]any
		for _, k := range keys {
			raw, e := hex.DecodeString(strings.TrimPrefix(k, "0x"))
			value, e := s.storage(raw, e)
			if e != nil {
				err = e
			}
			changes = append(changes, [2]any{k, value})
		}
		set := map[string]any{"block": best, "changes": changes}
		result = []any{set}
		if req.Method == "state_subscribeStorage" {
			result, events = subscription, []event{{"state_storage", subscription, set}}
		}
	case "state_getKeysPaged":
		block(3)
		prefix, after, most := data(0), data(2), number(1)
		keys := []string{}
		for key := range s.spec.Genesis.Top.All() {
			if strings.HasPrefix(string(key), string(prefix)) && string(key) > string(after) && uint64(len(keys)) < most {
				keys = append(keys, bytesHex(key))
			}
		}
		result = keys

	case "chainHead_v1_follow":
		initialized := map[string]any{"event": "initialized", "finalizedBlockHashes": []string{best}}
		if len(req.Params) > 0 && string(req.Params[0]) == "true" {
			initialized["finalizedBlockRuntime"] = map[string]any{"type": "valid", "spec": versionJSON(s.version, true)}
		}
		result = chainHead
		events = []event{followed(initialized), followed(map[string]any{"event": "bestBlockChanged", "bestBlockHash": best})}
	case "chainHead_v1_unfollow", "chainHead_v1_unpin":
	case "chainHead_v1_header":
		block(1)
		result = bytesHex(scale.Marshal(s.genesis.Header))
	case "chainHead_v1_call":
		block(1)
		operation := "call " + string(req.ID)
		done := map[string]any{"event": "operationCallDone", "operationId": operation, "output": query(text(2), data(3))}
		if err != nil {
			done, err = map[string]any{"event": "operationError", "operationId": operation, "error": err.Error()}, nil
		}
		result, events = map[string]any{"result": "started", "operationId": operation}, []event{followed(done)}
	case "chainHead_v1_storage":
		block(1)
		operation := "storage " + string(req.ID)
		var wanted []struct{ Key, Type string }
		if err = json.Unmarshal(req.Params[2], &wanted); err != nil {
			break
		}
		items := []any{}
		for _, w := range wanted {
			raw, e := hex.DecodeString(strings.TrimPrefix(w.Key, "0x"))
			value, e := s.storage(raw, e)
			switch {
			case e != nil:
				err = e
			case value == nil:
			case w.Type == "hash": // by which polkadot-api knows the runtime
				full, _, e := s.genesis.State.Get(nil, raw)
				if e != nil {
					err = e
				}
				items = append(items, map[string]any{"key": w.Key, "hash": hash.Blake2b256(full).String()})
			case w.Type == "value":
				items = append(items, map[string]any{"key": w.Key, "value": value})
			default:
				err = fmt.Errorf("storage query of type %q", w.Type)
			}
		}
		result = map[string]any{"result": "started", "operationId": operation, "discardedItems": 0}
		events = []event{followed(map[string]any{"event": "operationStorageItems", "operationId": operation, "items": items}),
			followed(map[string]any{"event": "operationStorageDone", "operationId": operation})}
	}
	return result, events, err
}

// chainHead is the id of the one subscription of chainHead_v1_follow that a connection has.
const chainHead = "chainHead"

func followed(what any) event { return event{"chainHead_v1_followEvent", chainHead, what} }

// storage returns the value at key in hex, or nil. An error that is given stays.
func (s *server) storage(key []byte, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	value, ok, err := s.genesis.State.Get(nil, key)
	if err != nil || !ok {
		return nil, err
	}
	return bytesHex(value), nil
}

func headerJSON(h chain.Header) any {
	logs := []string{}
	for _, item := range h.Digest {
		logs = append(logs, bytesHex(scale.Marshal(item)))
	}
	return map[string]any{
		"parentHash": h.ParentHash.String(), "number": fmt.Sprintf("0x%x", h.Number), "stateRoot": h.StateRoot.String(),
		"extrinsicsRoot": h.ExtrinsicsRoot.String(), "digest": map[string]any{"logs": logs},
	}
}

// versionJSON is the version as the old interface gives it, or the new one.
func versionJSON(v chain.RuntimeVersion, modern bool) any {
	apis, byID := [][2]any{}, map[string]uint32{}
	for _, a := range v.APIs {
		apis = append(apis, [2]any{bytesHex(a.ID[:]), a.Version})
		byID[bytesHex(a.ID[:])] = a.Version
	}
	out := map[string]any{"specName": v.SpecName, "implName": v.ImplName, "specVersion": v.SpecVersion, "implVersion": v.ImplVersion, "transactionVersion": v.TransactionVersion}
	if modern {
		out["apis"] = byID
	} else {
		out["apis"], out["authoringVersion"], out["stateVersion"], out["systemVersion"] = apis, v.AuthoringVersion, v.StateVersion(), v.SystemVersion
	}
	return out
}
