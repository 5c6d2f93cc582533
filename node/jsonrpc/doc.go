// Package jsonrpc is the node's JSON-RPC 2.0 transport: HTTP POST and WebSocket on one port, as Substrate's server answers them.
//
// It knows no method but rpc_methods. package node/rpc registers the method groups with Methods; this package reads frames, finds the
// handler, bounds what a client may ask of the node, and writes the answers.
//
//	TCP ──► Host, Origin, connection limit ──► POST ─────────────► answer ──► handler ──► encode ──► body
//	                                      └──► WebSocket: read ──► answer ──► handler ──► encode ──► queue ──► write
//	                                                                  └──► subscription's handler ── Sink.Send ──┘
//
// # What clients see
//
// Answers, their order and their texts are those of jsonrpsee 0.24 and of sc-rpc-server in polkadot-sdk stable2506, byte for byte:
//
//   - An id is null, a string or an unsigned 64-bit integer. An object with another id and a good method is a notification.
//   - Notifications get no answer and, as there, call nothing. Over HTTP they are acknowledged with an empty body.
//   - A batch is worked through in its order; calls sent one by one are worked on together and answered in any order.
//   - Parameters are an array, or an object where the method has Names. What a method does not read is ignored.
//   - A subscription's id is a random string of 16 letters and digits. Its answer precedes its notifications.
//   - Subscriptions over HTTP are an internal error.
//
// Where this server differs: a browser's page whose Origin is not in Config.CORS gets no WebSocket, and gets one there; "http://localhost:*"
// in that list is for every port, and there, for none; errors inside of lists and objects of a method's parameters do not say at which
// column they are.
//
// # Bounds
//
// A client may send anything. It cannot
//
//	I1  end the process: a handler's panic is logged and answered, and nothing here recurses on its input;
//	I2  hold more than MaxCalls calls under way, nor 64 MiB of their frames and answers, which count until they are written, nor more than
//	    1 MiB of them where all clients together hold 128 MiB;
//	I3  make the node wait: notifications wait in bounded queues, 64 MiB for all clients together and 1 MiB for each, and Sink.Send fails
//	    rather than waits; nor have subscriptions keep more than 16 MiB, or 256 MiB those of all clients;
//	I4  hold a connection without taking its bytes, or without answering pings, nor more sockets than 8 x MaxConnections;
//	I5  outlive its connection: contexts of handlers end with it.
//
// # What it does not do
//
// No TLS, no authentication, no compression: a reverse proxy in front does that. A handler that ignores its context runs on.
//
// # Example
//
//	m := jsonrpc.NewMethods()
//	m.Method("chain_getBlockHash", func(ctx context.Context, p *jsonrpc.Params) (any, error) {
//		var number *uint32
//		if err := p.Optional(&number); err != nil {
//			return nil, err
//		}
//		…
//	}, jsonrpc.Alias("chain_getHead"), jsonrpc.Names("hash"))
//	s := jsonrpc.NewServer(jsonrpc.Config{}, m)
//	err := s.Serve(ctx, listener, jsonrpc.Auto)
package jsonrpc
