package rpc

import (
	"errors"

	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

var roles = wire.Set[user.Role, pb.Role]{
	user.Customer: pb.Role_ROLE_CUSTOMER, user.Support: pb.Role_ROLE_SUPPORT, user.Operator: pb.Role_ROLE_OPERATOR,
}

var categories = wire.Set[user.Category, pb.Category]{
	user.AboutOrders: pb.Category_CATEGORY_ORDERS, user.Offers: pb.Category_CATEGORY_OFFERS,
}

var channels = wire.Set[user.Channel, pb.Channel]{
	user.Email: pb.Channel_CHANNEL_EMAIL, user.SMS: pb.Channel_CHANNEL_SMS, user.Push: pb.Channel_CHANNEL_PUSH,
}

var templates = wire.Set[user.Template, pb.Template]{
	user.ConfirmRegistration: pb.Template_TEMPLATE_CONFIRM_REGISTRATION,
	user.AlreadyRegistered:   pb.Template_TEMPLATE_ALREADY_REGISTERED,
	user.ConfirmAddress:      pb.Template_TEMPLATE_CONFIRM_ADDRESS,
	user.AddressChanged:      pb.Template_TEMPLATE_ADDRESS_CHANGED,
	user.ResetPassword:       pb.Template_TEMPLATE_RESET_PASSWORD,
}

var events = wire.Set[user.Event, pb.Event]{
	user.Registered: pb.Event_EVENT_REGISTERED, user.LoggedIn: pb.Event_EVENT_LOGGED_IN, user.LoginFailed: pb.Event_EVENT_LOGIN_FAILED,
	user.LoggedOut: pb.Event_EVENT_LOGGED_OUT, user.TokenReused: pb.Event_EVENT_TOKEN_REUSED,
	user.PasswordChanged: pb.Event_EVENT_PASSWORD_CHANGED, user.PasswordReset: pb.Event_EVENT_PASSWORD_RESET,
	user.EmailChanged: pb.Event_EVENT_EMAIL_CHANGED, user.RoleChanged: pb.Event_EVENT_ROLE_CHANGED,
	user.Locked: pb.Event_EVENT_LOCKED, user.Unlocked: pb.Event_EVENT_UNLOCKED, user.KeyCreated: pb.Event_EVENT_KEY_CREATED,
	user.KeyRevoked: pb.Event_EVENT_KEY_REVOKED, user.Erased: pb.Event_EVENT_ERASED,
	user.Acted: pb.Event_EVENT_ACTED,
}

func toAccount(a user.Account) (*pb.Account, error) {
	role, err1 := roles.Number(a.Role)
	preferences, err2 := toPreferences(a.Preferences)
	return &pb.Account{
		Id: a.ID, Email: a.Email, Name: a.Name, Locale: a.Locale, Role: role, Locked: a.Locked, Preferences: preferences,
		Version: a.Version, CreatedAt: wire.Time(a.CreatedAt), UpdatedAt: wire.Time(a.UpdatedAt),
	}, errors.Join(err1, err2)
}

func fromAccount(a *pb.Account) (user.Account, error) {
	role, err1 := roles.Value(a.GetRole())
	preferences, err2 := fromPreferences(a.GetPreferences())
	return user.Account{
		ID: a.GetId(), Email: a.GetEmail(), Name: a.GetName(), Locale: a.GetLocale(), Role: role, Locked: a.GetLocked(), Preferences: preferences,
		Version: a.GetVersion(), CreatedAt: wire.FromTime(a.GetCreatedAt()), UpdatedAt: wire.FromTime(a.GetUpdatedAt()),
	}, errors.Join(err1, err2)
}

func toPreferences(all []user.Preference) (out []*pb.Preference, err error) {
	for _, p := range all {
		category, err1 := categories.Number(p.Category)
		channel, err2 := channels.Number(p.Channel)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		out = append(out, &pb.Preference{Category: category, Channel: channel, Wanted: p.Wanted})
	}
	return out, nil
}

func fromPreferences(in []*pb.Preference) (all []user.Preference, err error) {
	for _, p := range in {
		category, err1 := categories.Value(p.GetCategory())
		channel, err2 := channels.Value(p.GetChannel())
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		all = append(all, user.Preference{Category: category, Channel: channel, Wanted: p.GetWanted()})
	}
	return all, nil
}

func toTokens(t user.Tokens) *pb.Tokens {
	return &pb.Tokens{
		Account: t.Account, Session: t.Session, Access: t.Access, AccessExpiresAt: wire.Time(t.AccessExpires),
		Refresh: t.Refresh, ExpiresAt: wire.Time(t.Expires),
	}
}

func fromTokens(t *pb.Tokens) user.Tokens {
	return user.Tokens{
		Account: t.GetAccount(), Session: t.GetSession(), Access: t.GetAccess(), AccessExpires: wire.FromTime(t.GetAccessExpiresAt()),
		Refresh: t.GetRefresh(), Expires: wire.FromTime(t.GetExpiresAt()),
	}
}

func toSession(s user.Session) *pb.Session {
	return &pb.Session{
		Id: s.ID, Device: s.Device, CreatedAt: wire.Time(s.CreatedAt), SeenAt: wire.Time(s.SeenAt), ExpiresAt: wire.Time(s.ExpiresAt),
	}
}

func fromSession(s *pb.Session) user.Session {
	return user.Session{
		ID: s.GetId(), Device: s.GetDevice(), CreatedAt: wire.FromTime(s.GetCreatedAt()), SeenAt: wire.FromTime(s.GetSeenAt()),
		ExpiresAt: wire.FromTime(s.GetExpiresAt()),
	}
}

func toDelivery(d user.Delivery) *pb.Delivery {
	return &pb.Delivery{
		Id: d.ID, Name: d.Name, Line1: d.Line1, Line2: d.Line2, City: d.City, PostalCode: d.PostalCode, Region: d.Region, Country: d.Country,
	}
}

func fromDelivery(d *pb.Delivery) user.Delivery {
	return user.Delivery{
		ID: d.GetId(), Name: d.GetName(), Line1: d.GetLine1(), Line2: d.GetLine2(), City: d.GetCity(), PostalCode: d.GetPostalCode(),
		Region: d.GetRegion(), Country: d.GetCountry(),
	}
}

func toKey(k user.APIKey) *pb.APIKey {
	return &pb.APIKey{
		Id: k.ID, Name: k.Name, Scopes: k.Scopes, CreatedAt: wire.Time(k.CreatedAt), ExpiresAt: wire.Time(k.ExpiresAt), UsedAt: wire.Time(k.UsedAt),
	}
}

func fromKey(k *pb.APIKey) user.APIKey {
	return user.APIKey{
		ID: k.GetId(), Name: k.GetName(), Scopes: k.GetScopes(), CreatedAt: wire.FromTime(k.GetCreatedAt()),
		ExpiresAt: wire.FromTime(k.GetExpiresAt()), UsedAt: wire.FromTime(k.GetUsedAt()),
	}
}

func toDecision(d user.Decision) *pb.Decision {
	return &pb.Decision{Account: d.Account, By: d.By, Reason: d.Reason}
}

func fromDecision(d *pb.Decision) user.Decision {
	return user.Decision{Account: d.GetAccount(), By: d.GetBy(), Reason: d.GetReason()}
}

func toRecord(r user.Record) (*pb.Record, error) {
	event, err := events.Number(r.Event)
	return &pb.Record{Id: r.ID, At: wire.Time(r.At), Event: event, By: r.By, About: r.About, Note: r.Note}, err
}

func fromRecord(r *pb.Record) (user.Record, error) {
	event, err := events.Value(r.GetEvent())
	return user.Record{
		ID: r.GetId(), At: wire.FromTime(r.GetAt()), Event: event, By: r.GetBy(), About: r.GetAbout(), Note: r.GetNote(),
	}, err
}

func toMail(m user.Mail) (*pb.Mail, error) {
	template, err := templates.Number(m.Template)
	return &pb.Mail{
		Id: m.ID, Account: m.Account, Template: template, To: m.To, Name: m.Name, Locale: m.Locale, Token: m.Token,
		CreatedAt: wire.Time(m.CreatedAt), ExpiresAt: wire.Time(m.ExpiresAt),
	}, err
}

func fromMail(m *pb.Mail) (user.Mail, error) {
	template, err := templates.Value(m.GetTemplate())
	return user.Mail{
		ID: m.GetId(), Account: m.GetAccount(), Template: template, To: m.GetTo(), Name: m.GetName(), Locale: m.GetLocale(), Token: m.GetToken(),
		CreatedAt: wire.FromTime(m.GetCreatedAt()), ExpiresAt: wire.FromTime(m.GetExpiresAt()),
	}, err
}

func toRevocations(r token.Revocations) *pb.ListRevocationsResponse {
	out := &pb.ListRevocationsResponse{Position: r.Position, More: r.More}
	for _, e := range r.Ended {
		out.Ended = append(out.Ended, &pb.Revocation{Id: e.ID, Until: wire.Time(e.Until)})
	}
	return out
}

func fromRevocations(in *pb.ListRevocationsResponse) token.Revocations {
	r := token.Revocations{Position: in.GetPosition(), More: in.GetMore()}
	for _, e := range in.GetEnded() {
		r.Ended = append(r.Ended, token.Ended{ID: e.GetId(), Until: wire.FromTime(e.GetUntil())})
	}
	return r
}

// sure makes a function of a mapping that cannot fail.
func sure[From, To any](f func(From) To) func(From) (To, error) {
	return func(v From) (To, error) { return f(v), nil }
}
