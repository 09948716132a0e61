package database

import "github.com/jackc/pgx/v5"

// settingsOfTransactions prepares cfg for a pooler such as PgBouncer in transaction
// mode, which gives each transaction another session of the server. A DSN says so by
// default_query_exec_mode=exec (or simple_protocol): no statement is prepared for a
// session that another transaction will have. Then settings of the session must not be
// made either, which PgBouncer refuses: they are removed from cfg and returned as
// statements that make them for one transaction. For other DSNs there are none.
//
// A statement outside a transaction then waits for a lock as long as its context
// allows.
func settingsOfTransactions(cfg *pgx.ConnConfig) (statements []string) {
	switch cfg.DefaultQueryExecMode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
	default:
		return nil
	}
	for _, name := range []string{"lock_timeout", "idle_in_transaction_session_timeout"} {
		value := pgx.Identifier{cfg.RuntimeParams[name]}.Sanitize() // SET takes a name for a text
		statements = append(statements, "SET LOCAL "+name+" TO "+value)
		delete(cfg.RuntimeParams, name)
	}
	return statements
}
