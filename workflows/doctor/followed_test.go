package doctor_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/notification"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	"github.com/amends/amends/services/order"
	queryaudit "github.com/amends/amends/services/query/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// followed returns a healthy shop with followers that know all of it, and one of its orders.
func followed(t *testing.T) (c *clinic.Clinic, f *shoptest.Followers, id string) {
	t.Helper()
	c = clinic.New(t)
	f = c.Follow(t, func(testing.TB) string { return "sqlite::memory:" })
	c.In.Pause = 20 * time.Millisecond // of which some is spent in real time
	c.Place(t, "tok_capture_declined")
	id = c.Place(t, "tok_visa").ID
	f.Hear(t)
	return c, f, id
}

func TestTheDoctorFindsNothingInFollowersThatFollow(t *testing.T) {
	t.Parallel()
	c, f, id := followed(t)
	healthy := func() {
		t.Helper()
		r := c.Diagnose(t)
		require.Empty(t, r.Findings)
		require.Empty(t, r.Absent)
		require.True(t, r.OK)
	}
	healthy()
	c.Refund(t, id, 7, 2600) // which is told too, and takes stock back
	f.Hear(t)
	healthy()

	c.Injure(t, "notification", "UPDATE deliveries SET recipient = 'account-2' WHERE kind = 'order.refunded'")
	wrong := []audit.Kind{notificationaudit.MailDoubled, notificationaudit.MailWrong}
	require.Equal(t, wrong, clinic.Kinds(c.Diagnose(t)), "the message of a refund is judged, too")
}

// The read model and the messages to customers follow the orders. Each difference is found
// by its name.
func TestTheDoctorFindsFollowersThatDiffer(t *testing.T) {
	t.Parallel()

	// twin is the message of another recipient.
	const twin = `INSERT INTO deliveries SELECT id || 'x', kind, subject, occurrence, channel, 'account-2', facts, 'SENT', reason,
		address, locale, attempts, provider, created_at, next_at, expires_at, ended_at FROM deliveries WHERE subject = ?`
	missing, differs, goods := queryaudit.CopyMissing, queryaudit.CopyDiffers, queryaudit.GoodsDiffer
	lost, doubled, wrong, waits := notificationaudit.MailMissing, notificationaudit.MailDoubled, notificationaudit.MailWrong, notificationaudit.MailWaiting
	for name, tc := range map[string]struct {
		book, statement string // ? stands for the order, unless the findings are about none
		want            []audit.Kind
		detail          string
	}{
		"ALostCopy":       {"query", "DELETE FROM orders WHERE id = ?", []audit.Kind{missing}, "it is CONFIRMED, and the read model does not have it"},
		"AStaleCopy":      {"query", "UPDATE orders SET status = 'PENDING' WHERE id = ?", []audit.Kind{differs}, "its status is CONFIRMED, in the read model PENDING"},
		"AnotherReason":   {"query", "UPDATE orders SET reason = 'DEADLINE' WHERE id = ?", []audit.Kind{differs}, "its reason is none, in the read model DEADLINE"},
		"AnotherCustomer": {"query", "UPDATE orders SET customer_id = 'cus_2' WHERE id = ?", []audit.Kind{differs}, "its customer is cus_1, in the read model cus_2"},
		"AnotherAccount":  {"query", "UPDATE orders SET account = 'cus_1' WHERE id = ?", []audit.Kind{differs}, "its account is none, in the read model cus_1"},
		"AnotherTotal":    {"query", "UPDATE orders SET view = replace(view, '12600', '12601') WHERE id = ?", []audit.Kind{differs}, "its total is 126.00 EUR, in the read model 126.01 EUR"},
		"AnotherFlag":     {"query", "UPDATE orders SET attention = true WHERE id = ?", []audit.Kind{differs}, "its need of attention is false, in the read model true"},

		"ALostProduct":       {"query", "DELETE FROM products WHERE sku = 'MUG'", []audit.Kind{goods}, "does not have the product MUG"},
		"AnotherPrice":       {"query", "UPDATE products SET price_minor = 1 WHERE sku = 'MUG'", []audit.Kind{goods}, "the product MUG is"},
		"ALostShelf":         {"query", "DELETE FROM stock WHERE sku = 'MUG'", []audit.Kind{goods}, "does not have the stock of MUG in BER"},
		"AnotherStock":       {"query", "UPDATE stock SET available = available + 1 WHERE sku = 'MUG'", []audit.Kind{goods}, "998 units of MUG are available in BER, in the read model 999"},
		"AnotherSum":         {"query", "UPDATE products SET available = available + 1 WHERE sku = 'MUG'", []audit.Kind{goods}, "offers 999 units of MUG"},
		"AProductTooMuch":    {"query", "INSERT INTO products SELECT generation, 'X', 4711, version, name, description, category, price_minor, price_currency, listed, 0 FROM products WHERE sku = 'MUG'", []audit.Kind{goods}, "1 products that their owner does not have"},
		"AProductThatIsLate": {"catalog", "UPDATE products SET name = 'Cup', version = version + 1 WHERE sku = 'MUG'", []audit.Kind{goods}, `the product MUG is "Cup"`},

		"ALostMail":      {"notification", "DELETE FROM deliveries WHERE subject = ?", []audit.Kind{lost}, "it is CONFIRMED, and no mail tells its customer"},
		"AMailSentTwice": {"notification", twin, []audit.Kind{doubled, wrong}, "is for account-2, it belongs to guest"},
		"AnotherId":      {"notification", "UPDATE deliveries SET id = 'x' WHERE subject = ?", []audit.Kind{doubled}, "has the id x"},
		"AnotherEnd":     {"notification", "UPDATE deliveries SET kind = 'order.cancelled' WHERE subject = ?", []audit.Kind{lost, doubled, wrong}, "it is CONFIRMED, and there is a message order.cancelled that is"},
		"AMailThatWaits": {"notification", "UPDATE deliveries SET created_at = '2026-01-01', reason = 'CHANNEL_UNAVAILABLE'", []audit.Kind{waits}, "2 messages wait; the oldest, order.c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, id := followed(t)
			if tc.want[0] == goods || tc.want[0] == waits {
				c.Injure(t, tc.book, tc.statement)
				id = ""
			} else {
				c.Injure(t, tc.book, tc.statement, id)
			}
			r := c.Diagnose(t)
			require.ElementsMatch(t, tc.want, clinic.Kinds(r), r.Findings)
			var details string
			for _, f := range r.Findings {
				require.Equal(t, id, f.Order)
				require.Equal(t, judge.Warning, f.Severity)
				require.False(t, f.Repairable)
				details += f.Detail + "\n"
			}
			require.Contains(t, details, tc.detail)
			require.False(t, r.OK)
		})
	}
}

// A refund is a change of its order like its end: the read model has its sum, and its customer
// is told of it, also if there are others.
func TestTheDoctorFindsFollowersThatMissARefund(t *testing.T) {
	t.Parallel()

	differs, lost, wrong := queryaudit.CopyDiffers, notificationaudit.MailMissing, notificationaudit.MailWrong
	for name, tc := range map[string]struct {
		book, statement string
		want            []audit.Kind
		detail          string
	}{
		"AnotherSum":    {"query", `UPDATE orders SET view = replace(view, '3600', '2600') WHERE id = ?`, []audit.Kind{differs}, "its refunded sum is 36.00 EUR, in the read model 26.00 EUR"},
		"NoSum":         {"query", `UPDATE orders SET view = replace(view, '"refunded"', '"forgotten"') WHERE id = ?`, []audit.Kind{differs}, "its refunded sum is 36.00 EUR, in the read model not there"},
		"ALostMail":     {"notification", "DELETE FROM deliveries WHERE subject = ? AND occurrence = 'r7'", []audit.Kind{lost}, "its refund r7 is made, and no mail tells its customer"},
		"OnlyAnSMS":     {"notification", "UPDATE deliveries SET channel = 'sms', id = '" + smsOfRefund + "' WHERE subject = ? AND occurrence = 'r7'", []audit.Kind{lost}, "its refund r7"},
		"AStrangersOne": {"notification", "UPDATE deliveries SET occurrence = 'r9', id = '" + mailOfStranger + "' WHERE subject = ? AND occurrence = 'r7'", []audit.Kind{lost, wrong}, "its message order.refunded is of the refund r9, which was not made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, f, id := followed(t)
			c.Refund(t, id, 7, 2600)
			c.Refund(t, id, 8, 1000)
			require.Equal(t, order.RefundRefused, c.Refund(t, id, 9, 9999).Status)
			f.Hear(t)
			require.Empty(t, c.Diagnose(t).Findings)
			statement := strings.NewReplacer(
				smsOfRefund, refundNotice(id, "r7").Key(notification.SMS), mailOfStranger, refundNotice(id, "r9").Key(notification.Email),
			).Replace(tc.statement)
			c.Injure(t, tc.book, statement, id)
			r := c.Diagnose(t)
			require.ElementsMatch(t, tc.want, clinic.Kinds(r), r.Findings)
			var details string
			for _, f := range r.Findings {
				require.Equal(t, judge.Warning, f.Severity)
				details += f.Detail + "\n"
			}
			require.Contains(t, details, tc.detail)
			require.NotContains(t, details, "r8")
		})
	}
}

// They stand for the ids of messages, which an order's id is a part of.
const smsOfRefund, mailOfStranger = "SMS-OF-REFUND", "MAIL-OF-STRANGER"

func refundNotice(id, refund string) notification.Notice {
	return notification.Notice{Kind: notification.OrderRefunded, Subject: id, Occurrence: refund, Recipient: notification.Guest}
}

// An order that was decided before the notification service began needs no message.
func TestOldOrdersNeedNoMail(t *testing.T) {
	t.Parallel()
	c, _, _ := followed(t)
	c.Injure(t, "notification", "DELETE FROM deliveries")
	require.Equal(t, []audit.Kind{notificationaudit.MailMissing}, clinic.Kinds(c.Diagnose(t)))
	c.Injure(t, "notification", "UPDATE deliveries_since SET at = '2027-01-01'")
	require.Empty(t, c.Diagnose(t).Findings)
	c.Injure(t, "notification", "DELETE FROM deliveries_since")
	require.Empty(t, c.Diagnose(t).Findings, "nor what was decided at a time from which that is not known")
}

// A follower's copy is a trace of an order, too.
func TestTheDoctorFindsALostOrderByItsCopy(t *testing.T) {
	t.Parallel()
	c, _, id := followed(t)
	lose(t, c, id)
	r := c.Diagnose(t)
	require.Len(t, r.Findings, 1)
	require.Equal(t, judge.UnknownOrder, r.Findings[0].Kind)
	require.Contains(t, r.Findings[0].Detail, "query has a copy that is CONFIRMED")
	require.Contains(t, r.Findings[0].Detail, "notification has a message order.confirmed that is WANTED")
}

// A read model that is far behind says nothing about the records: sagas are resumed.
func TestLateCopiesStopNoRepair(t *testing.T) {
	t.Parallel()
	c, f, _ := followed(t)
	for range 12 {
		c.Place(t, "tok_visa")
	}
	stopped := c.Stopped(t, false)
	r := c.Diagnose(t)
	require.Greater(t, r.Counts[queryaudit.CopyMissing], 10)
	require.Empty(t, r.ReportOnlyBecause)
	require.Equal(t, []string{stopped}, c.Engine.Resumed)
	require.Equal(t, 1, r.Repaired)
	f.Hear(t)
	require.Empty(t, c.Diagnose(t).Findings)
}

// Orders do not depend on followers: one that is away is waited for once in a run, and a
// platform may have none.
func TestAFollowerThatDoesNotAnswerHoldsNothingUp(t *testing.T) {
	t.Parallel()
	t.Run("ItIsAway", func(t *testing.T) {
		t.Parallel()
		c, _, _ := followed(t)
		c.Stopped(t, false)
		c.In.PageSize = 1
		c.Pass = func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			return nil, fault.Errorf(fault.Transient, fault.Unavailable, "it is away")
		}
		r := c.Diagnose(t)
		require.Len(t, r.Unasked, 2)
		for i, u := range r.Unasked {
			require.Equal(t, []string{"notification", "query"}[i], u.Service)
			require.Equal(t, 1, u.Times)
		}
		require.Greater(t, r.Pages, 2)
		require.Equal(t, 1, r.Repaired)
		require.False(t, r.OK)
	})
	t.Run("ItIsNotToBeAsked", func(t *testing.T) {
		t.Parallel()
		c, _, _ := followed(t)
		c.Injure(t, "query", "DELETE FROM orders")
		c.In.Alone = true
		c.Pass = func(_ context.Context, question string, _ json.RawMessage) (json.RawMessage, error) {
			t.Errorf("%s is asked", question)
			return json.RawMessage("null"), nil
		}
		r := c.Diagnose(t)
		require.Equal(t, []string{"notification", "query"}, r.Absent)
		require.True(t, r.OK)
	})
	t.Run("ThereIsNone", func(t *testing.T) {
		t.Parallel()
		c := clinic.New(t)
		c.Place(t, "tok_visa")
		r := c.Diagnose(t)
		require.Equal(t, []string{"notification", "query"}, r.Absent)
		require.Empty(t, r.Findings)
		require.True(t, r.OK)
	})
}
