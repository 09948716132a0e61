package simulator

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/token"
)

// The payment tokens, see package token.
const (
	TokenVisa               = token.Visa
	TokenDeclined           = token.Declined
	TokenInsufficientFunds  = token.InsufficientFunds
	TokenExpiredCard        = token.ExpiredCard
	TokenCaptureDeclined    = token.CaptureDeclined
	TokenAuthExpired        = token.AuthExpired
	TokenSlow               = token.Slow
	TokenUnavailable        = token.Unavailable
	TokenTimeoutAfterCharge = token.TimeoutAfterCharge
	TokenCaptureLost        = token.CaptureLost
	TokenUnknown            = token.Unknown
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

// behaviourOf returns the behaviour of the token with that hash. One that is none of these is
// declined, as a real provider would, and not as a card is: it may be mistyped.
func behaviourOf(tokenHash string) behaviour {
	if b, ok := behaviours[tokenHash]; ok {
		return b
	}
	return behaviour{declineAuthorize: provider.TokenInvalid}
}

// Hash returns the SHA-256 of a token in hex, as it is stored.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
