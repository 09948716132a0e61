package simulator

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/amends/amends/services/payment/provider"
)

// The payment tokens, see the package documentation.
const (
	TokenVisa               = "tok_visa"
	TokenDeclined           = "tok_declined"
	TokenInsufficientFunds  = "tok_insufficient_funds"
	TokenExpiredCard        = "tok_expired_card"
	TokenCaptureDeclined    = "tok_capture_declined" //nolint:gosec // names a behaviour, opens nothing
	TokenAuthExpired        = "tok_auth_expired"     //nolint:gosec // names a behaviour, opens nothing
	TokenSlow               = "tok_slow"
	TokenUnavailable        = "tok_unavailable"
	TokenTimeoutAfterCharge = "tok_timeout_after_charge" //nolint:gosec // names a behaviour, opens nothing
	TokenCaptureLost        = "tok_capture_lost"
	TokenUnknown            = "tok_unknown"
)

// behaviour is the simulator's behaviour for one token.
type behaviour struct {
	declineAuthorize provider.Reason
	declineCapture   provider.Reason
	failures         int64 // of authorize, before it works
	slow             bool  // authorize takes its time
	hangAuthorize    bool  // the reply to the authorize that made the effect
	loseCapture      bool  // the reply to the capture that made the effect
	silent           bool  // about the authorization, for a while
}

// behaviours is keyed by hash, because no token is stored.
var behaviours = map[string]behaviour{
	Hash(TokenVisa):               {},
	Hash(TokenDeclined):           {declineAuthorize: provider.CardDeclined},
	Hash(TokenInsufficientFunds):  {declineAuthorize: provider.InsufficientFunds},
	Hash(TokenExpiredCard):        {declineAuthorize: provider.ExpiredCard},
	Hash(TokenCaptureDeclined):    {declineCapture: provider.CaptureDeclined},
	Hash(TokenAuthExpired):        {declineCapture: provider.AuthorizationExpired},
	Hash(TokenSlow):               {slow: true},
	Hash(TokenUnavailable):        {failures: 3},
	Hash(TokenTimeoutAfterCharge): {hangAuthorize: true},
	Hash(TokenCaptureLost):        {loseCapture: true},
	Hash(TokenUnknown):            {silent: true},
}

// behaviourOf returns the behaviour of the token with that hash. An unknown token is
// declined, as a real provider would.
func behaviourOf(tokenHash string) behaviour {
	if b, ok := behaviours[tokenHash]; ok {
		return b
	}
	return behaviour{declineAuthorize: provider.CardDeclined}
}

// Hash returns the SHA-256 of a token in hex, as it is stored.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
