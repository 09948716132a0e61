package shop

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// accountHeader names the account that a gateway has authenticated.
const accountHeader = "Amends-Account"

// tokenPrefix begins every token of a session.
const tokenPrefix = "ms_"

type user struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Locale    string `json:"locale"`
	CreatedAt string `json:"created_at"`
}

// digest is the hash of a password in the fashion of the shop's first years.
func digest(salt, password string) string {
	sum := sha256.Sum256([]byte(salt + password))
	return hex.EncodeToString(sum[:])
}

// register makes an account at once: this shop asks for no confirmation.
func (s *Shop) register(r *http.Request) (any, error) {
	var asked struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Name     string `json:"name"`
		Locale   string `json:"locale"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	if !strings.Contains(asked.Email, "@") || asked.Name == "" || len(asked.Password) < 8 {
		return nil, refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", "an account needs an address of mail, a name, and a password of 8 characters")
	}
	if asked.Locale == "" {
		asked.Locale = "en"
	}
	if _, err := s.addUser(r.Context(), asked.Email, asked.Password, asked.Name, asked.Locale); err != nil {
		return nil, err
	}
	return status{http.StatusAccepted, struct{}{}}, nil
}

// addUser makes an account unless the address has one, and returns its id.
func (s *Shop) addUser(ctx context.Context, email, password, name, locale string) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	salt := rand.Text()
	_, err = s.db.ExecContext(ctx, `INSERT INTO users (id, email, login, name, locale, salt, digest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, id.String(), email, strings.ToLower(email), name, locale, salt, digest(salt, password), now())
	return id.String(), err
}

func (s *Shop) logIn(r *http.Request) (any, error) {
	var asked struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	var id, salt, want string
	err := s.db.QueryRowContext(r.Context(), "SELECT id, salt, digest FROM users WHERE login = ?", strings.ToLower(asked.Email)).Scan(&id, &salt, &want)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(digest(salt, asked.Password)), []byte(want)) != 1 {
		return nil, refuse(http.StatusUnauthorized, "BAD_CREDENTIALS", "address and password are not those of an account")
	}
	token := tokenPrefix + strings.ToLower(rand.Text())
	if _, err := s.db.ExecContext(r.Context(), "INSERT INTO sessions (token, user_id, created_at) VALUES (?, ?, ?)", token, id, now()); err != nil {
		return nil, err
	}
	ends := time.Now().UTC().Add(24 * time.Hour)
	return status{http.StatusCreated, map[string]any{
		"account": id, "session": digest("", token)[:16], "token_type": "Bearer", "access_token": token,
		"access_expires_at": ends, "expires_at": ends,
	}}, nil
}

func (s *Shop) logOut(r *http.Request) (any, error) {
	_, err := s.db.ExecContext(r.Context(), "DELETE FROM sessions WHERE token = ?", bearer(r))
	return status{http.StatusNoContent, nil}, err
}

func (s *Shop) me(r *http.Request) (any, error) {
	id, err := s.account(r)
	if err != nil {
		return nil, err
	}
	u := user{ID: id}
	err = s.db.QueryRowContext(r.Context(), "SELECT email, name, locale, created_at FROM users WHERE id = ?", id).Scan(&u.Email, &u.Name, &u.Locale, &u.CreatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(http.StatusNotFound, "NOT_FOUND", "there is no such account")
	}
	return u, err
}

// account returns the id of the caller's account: the one that the gateway names, or that of
// a session of the shop's own.
func (s *Shop) account(r *http.Request) (string, error) {
	if named := r.Header.Get(accountHeader); named != "" && s.o.GatewaySecret != "" {
		return s.named(named)
	}
	var id string
	err := s.db.QueryRowContext(r.Context(), "SELECT user_id FROM sessions WHERE token = ?", bearer(r)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", refuse(http.StatusUnauthorized, "UNAUTHENTICATED", "log in first")
	}
	return id, err
}

// named returns the account of a token of the gateway.
func (s *Shop) named(token string) (string, error) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return []byte(s.o.GatewaySecret), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer("amends"), jwt.WithAudience(s.o.GatewayName),
		jwt.WithExpirationRequired(), jwt.WithLeeway(30*time.Second))
	if err != nil || claims.Subject == "" {
		return "", refuse(http.StatusUnauthorized, "UNAUTHENTICATED", "the gateway's word for the account does not count")
	}
	return claims.Subject, nil
}

// bearer returns the token of the request, "" without one.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}
