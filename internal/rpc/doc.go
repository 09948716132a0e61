// Package rpc is the one way in which processes call each other: gRPC servers and
// connections with the same rules for every service. It knows no service.
//
//   - Every call has a deadline, which travels to the server and on from there. A call
//     without one is refused.
//   - A fault arrives as the fault that the server returned: code, kind and message, see
//     package fault. The table is in fault.go. Any other failure is transient only if the
//     request surely had no effect, otherwise its outcome is unknown.
//   - A method that its contract declares idempotent is repeated when the server is
//     unavailable, at most three times and never past the deadline; any other method,
//     and a stream, is never repeated.
//   - A server drains: it answers the calls that run, and takes no new ones.
//
// Identity and discovery plug in through [ServerOptions] and [DialOptions].
package rpc
