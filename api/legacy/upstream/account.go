package upstream

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// HeaderAccount tells the program behind the gateway whose request it gets: a JWT, signed
// with HMAC-SHA256 under a secret that both have. A bare header could come from anybody who
// reaches the program.
const HeaderAccount = "Amends-Account"

// accountLife is how long a program takes such a header: only as long as the request needs
// to get there, and the clocks may differ.
const accountLife = time.Minute

// Sign returns the value of [HeaderAccount] for an account.
func Sign(secret, audience, account string, now time.Time) (string, error) {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: "amends", Audience: jwt.ClaimStrings{audience}, Subject: account,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accountLife)),
	}).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign the account of a request: %w", err)
	}
	return text, nil
}
