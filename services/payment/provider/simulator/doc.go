// Package simulator is a payment provider for development and tests. Its records are
// in a database of its own, which outlives any process, so that they can be compared
// with ours row by row. Payment tokens select its behaviour:
//
//	tok_visa                  approves everything
//	tok_declined              declines authorize: card_declined
//	tok_insufficient_funds    declines authorize: insufficient_funds
//	tok_expired_card          declines authorize: expired_card
//	tok_capture_declined      declines capture: capture_declined
//	tok_auth_expired          declines capture: the authorization expires just before
//	tok_slow                  takes 3 s to authorize
//	tok_unavailable           fails authorize three times, without effect
//	tok_timeout_after_charge  authorizes, but the reply hangs, once
//	tok_capture_lost          captures, but the reply is lost, once
//	tok_unknown               authorizes, then answers nothing about it for 2 minutes
//	any other                 declines authorize: token_invalid
//
// "Once" and "three times" are counted per key in the database.
package simulator
