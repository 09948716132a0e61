BEGIN TRANSACTION;
PRAGMA defer_foreign_keys=ON;
CREATE TABLE barrier (
    saga        text      NOT NULL CHECK (saga <> ''),
    step        text      NOT NULL CHECK (step <> ''),
    generation  bigint    NOT NULL DEFAULT 0 CHECK (generation >= 0),
    state       text      NOT NULL CHECK (state IN ('intent', 'done', 'refused', 'undone', 'blocked')),
    fingerprint text      NOT NULL,
    request     text      NOT NULL,
    outcome     text      NOT NULL,
    code        text      NOT NULL,
    message     text      NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((state = 'refused') = (code <> ''))
);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE shipments (
    saga            text      NOT NULL,
    step            text      NOT NULL,
    generation      bigint    NOT NULL,
    warehouse       text      NOT NULL,
    state           text      NOT NULL CHECK (state IN ('intent', 'booked', 'cancelled')),
    carrier         text,
    tracking_number text,
    -- Why the carrier refused this parcel. It decides about the whole step.
    refusal_code    text,
    refusal_message text,
    created_at      timestamp NOT NULL,
    booked_at       timestamp,
    cancelled_at    timestamp,
    PRIMARY KEY (saga, step, generation, warehouse),
    CHECK ((carrier IS NULL) = (tracking_number IS NULL)),
    CHECK ((refusal_code IS NULL) = (refusal_message IS NULL)),
    CHECK (state <> 'intent' OR (booked_at IS NULL AND tracking_number IS NULL)),
    CHECK (state <> 'booked' OR (booked_at IS NOT NULL AND tracking_number IS NOT NULL AND refusal_code IS NULL)),
    CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','shipping.book',0,'done','46638632dec2c8ec8765352231758c5bf7242c52a1d9dabc7b40b5a5ce5a1942','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE-STEEL","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":2}]}]}','{"shipments":[{"warehouse":"AMS","carrier":"simulator","tracking_number":"SIM-01a228c7-a84a-7963-86f4-5493f86535b2","state":"booked"},{"warehouse":"BER","carrier":"simulator","tracking_number":"SIM-01a228c7-a84a-70c2-a736-2641da3cd961","state":"booked"}]}','','','2026-11-29 19:28:23.085666+00:00','2026-11-29 19:28:23.135076+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','shipping.book',0,'done','4d047c5f88dd651c9594b8d08fce3c7740ab4f4d4c1be7f4e8359db050f2c06f','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"TEA-EARL-GREY","quantity":3}]}]}','{"shipments":[{"warehouse":"AMS","carrier":"simulator","tracking_number":"SIM-01a228c7-aab3-70c5-a730-22544d6fd105","state":"booked"}]}','','','2026-11-29 19:28:23.730498+00:00','2026-11-29 19:28:23.731273+00:00');
INSERT INTO "barrier" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','shipping.book',0,'blocked','','','','','','2026-11-29 19:28:23.855578+00:00','2026-11-29 19:28:23.855578+00:00');
INSERT INTO "barrier" VALUES('b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','shipping.book',0,'blocked','','','','','','2026-11-29 19:28:23.980992+00:00','2026-11-29 19:28:23.980992+00:00');
INSERT INTO "barrier" VALUES('9c708dc3-ad45-8a5f-945c-0cec8a05c20f','shipping.book',0,'blocked','','','','','','2026-11-29 19:28:24.03241+00:00','2026-11-29 19:28:24.03241+00:00');
INSERT INTO "barrier" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','shipping.book',0,'refused','d1d5b0d9677ea92d3f15f3cfd0efe3f394a9edca55420a1b9297b3c392d132e9','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE-STEEL","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','','UNDELIVERABLE','the carrier does not deliver to this address','2026-11-29 19:28:24.08189+00:00','2026-11-29 19:28:24.082619+00:00');
INSERT INTO "barrier" VALUES('767024b4-227c-8072-be14-29c2d697f070','shipping.book',0,'undone','461dbe0d90440aaaaad697f6c9aaef606fcbd284c597d5e4f65727e8b081e9ce','{"parcels":[{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','{"shipments":[{"warehouse":"BER","carrier":"simulator","tracking_number":"SIM-01a228c7-ac57-7858-b038-c487adf0c7cf","state":"booked"}]}','','','2026-11-29 19:28:24.151274+00:00','2026-11-29 19:28:24.17806+00:00');
INSERT INTO "barrier" VALUES('b57a2947-2880-8bbc-9a52-5ce326b4233f','shipping.book',0,'blocked','','','','','','2026-11-29 19:28:24.231308+00:00','2026-11-29 19:28:24.231308+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','shipping.book',0,'done','256551d26c146e2adeca9ea2a13cb4460af41fbea0cde0b047314287f2a76ea4','{"parcels":[{"warehouse":"BER","lines":[{"sku":"TEAPOT-LIMITED","quantity":1}]}]}','{"shipments":[{"warehouse":"BER","carrier":"simulator","tracking_number":"SIM-01a228c7-acd6-768b-b3e1-9c36260fadfe","state":"booked"}]}','','','2026-11-29 19:28:24.278191+00:00','2026-11-29 19:28:24.27857+00:00');
INSERT INTO "barrier" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','shipping.book',0,'blocked','','','','','','2026-11-29 19:28:28.412528+00:00','2026-11-29 19:28:28.412528+00:00');
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-29 19:28:21');
INSERT INTO "shipments" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','shipping.book',0,'AMS','booked','simulator','SIM-01a228c7-a84a-7963-86f4-5493f86535b2',NULL,NULL,'2026-11-29 19:28:23.085895+00:00','2026-11-29 19:28:23.135225+00:00',NULL);
INSERT INTO "shipments" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','shipping.book',0,'BER','booked','simulator','SIM-01a228c7-a84a-70c2-a736-2641da3cd961',NULL,NULL,'2026-11-29 19:28:23.085895+00:00','2026-11-29 19:28:23.135302+00:00',NULL);
INSERT INTO "shipments" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','shipping.book',0,'AMS','booked','simulator','SIM-01a228c7-aab3-70c5-a730-22544d6fd105',NULL,NULL,'2026-11-29 19:28:23.730809+00:00','2026-11-29 19:28:23.731419+00:00',NULL);
INSERT INTO "shipments" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','shipping.book',0,'AMS','cancelled',NULL,NULL,'UNDELIVERABLE','the carrier does not deliver to this address','2026-11-29 19:28:24.082067+00:00',NULL,'2026-11-29 19:28:24.082651+00:00');
INSERT INTO "shipments" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','shipping.book',0,'BER','cancelled',NULL,NULL,NULL,NULL,'2026-11-29 19:28:24.082067+00:00',NULL,'2026-11-29 19:28:24.082651+00:00');
INSERT INTO "shipments" VALUES('767024b4-227c-8072-be14-29c2d697f070','shipping.book',0,'BER','cancelled','simulator','SIM-01a228c7-ac57-7858-b038-c487adf0c7cf',NULL,NULL,'2026-11-29 19:28:24.151409+00:00','2026-11-29 19:28:24.151795+00:00','2026-11-29 19:28:24.178093+00:00');
INSERT INTO "shipments" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','shipping.book',0,'BER','booked','simulator','SIM-01a228c7-acd6-768b-b3e1-9c36260fadfe',NULL,NULL,'2026-11-29 19:28:24.278307+00:00','2026-11-29 19:28:24.278626+00:00',NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',3);
CREATE UNIQUE INDEX shipments_tracking_number ON shipments (carrier, tracking_number) WHERE tracking_number IS NOT NULL;
COMMIT;
