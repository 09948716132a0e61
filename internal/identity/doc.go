// Package identity names the callers of calls between services. Its children are:
//
//   - policy, the table that says who may call which method and which step;
//   - files, the certificates of a process, read again when they change;
//   - issuer, an authority that issues these certificates;
//   - secrets, the secrets of callers where no certificates are used;
//   - access, which makes gRPC options of all of these.
//
// A caller is a service, the gateway or an operator's command. It proves its name by a
// certificate or by a secret, so that the same policy holds in one process and in many.
package identity
