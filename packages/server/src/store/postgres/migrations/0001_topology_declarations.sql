CREATE TABLE "topology_declarations" (
	"source" text PRIMARY KEY NOT NULL,
	"services" jsonb NOT NULL,
	"edges" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
