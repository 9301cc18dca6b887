CREATE TYPE "CaseStatus" AS ENUM ('ACTIVE', 'CLOSED');
CREATE TYPE "AuditAction" AS ENUM ('LOGIN', 'CASE_CLOSED', 'CASE_REOPENED');
CREATE TABLE "User" ("id" TEXT NOT NULL, "email" TEXT NOT NULL, "role" TEXT NOT NULL DEFAULT 'LAWYER', CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Case" ("id" TEXT NOT NULL, "title" TEXT NOT NULL, "status" "CaseStatus" NOT NULL DEFAULT 'ACTIVE', "createdById" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3) NOT NULL, CONSTRAINT "Case_pkey" PRIMARY KEY ("id"));
CREATE TABLE "AuditLog" ("id" TEXT NOT NULL, "userId" TEXT NOT NULL, "action" "AuditAction" NOT NULL, "objectId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "meta" JSONB NOT NULL, CONSTRAINT "AuditLog_pkey" PRIMARY KEY ("id"));
ALTER TABLE "Case" ADD CONSTRAINT "Case_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "AuditLog" ADD CONSTRAINT "AuditLog_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
INSERT INTO "User" ("id", "email") VALUES ('clx3f9c0a0000qwerty123456', 'lawyer@leh.test'), ('clx3f9c0a0001qwerty123456', 'guardian@leh.test');
INSERT INTO "Case" ("id", "title", "status", "createdById", "updatedAt") VALUES ('clx3f9c0a0002qwerty123456', '비밀 사건', 'CLOSED', 'clx3f9c0a0000qwerty123456', now());
INSERT INTO "AuditLog" ("id", "userId", "action", "objectId", "meta")
  VALUES ('clx3f9c0a0003qwerty123456', 'clx3f9c0a0000qwerty123456', 'CASE_CLOSED', 'clx3f9c0a0002qwerty123456', '{"ip": "10.0.0.1"}');
