"""Owns what people call each kind of finding; the one rule: every kind has its name."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text

KINDS: Final = {
    "kr_rrn": Text(ko="주민등록번호", en="resident registration number"),
    "kr_frn": Text(ko="외국인등록번호", en="foreigner registration number"),
    "kr_driver_license": Text(ko="운전면허번호", en="driver's licence"),
    "kr_passport": Text(ko="여권번호", en="passport"),
    "phone": Text(ko="전화번호", en="phone number"),
    "card": Text(ko="카드번호", en="card number"),
    "bank_account": Text(ko="계좌번호", en="bank account"),
    "kr_brn": Text(ko="사업자등록번호", en="business registration number"),
    "password": Text(ko="비밀번호", en="password"),
    "jwt": Text(ko="JWT", en="JWT"),
    "aws_access_key": Text(ko="AWS 액세스 키", en="AWS access key"),
    "aws_secret_key": Text(ko="AWS 비밀 키", en="AWS secret key"),
    "openai_key": Text(ko="OpenAI 키", en="OpenAI key"),
    "private_key": Text(ko="개인 키(PEM)", en="private key (PEM)"),
    "slack_token": Text(ko="Slack 토큰", en="Slack token"),
    "github_token": Text(ko="GitHub 토큰", en="GitHub token"),
}
