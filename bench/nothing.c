/* SPDX-License-Identifier: BSD-3-Clause */
/* nothing.c - a program that starts and ends: what start.c starts */
int main(void)
{
	return 0;
}
