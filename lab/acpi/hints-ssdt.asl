/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hints-ssdt.asl - the two NVDIMMs of hints-nfit.fields as devices, which report their health in
 * the format of Intel's modules, which Linux reads (drivers/acpi/nfit/intel.h)
 */
DefinitionBlock ("", "SSDT", 1, "HOLDFA", "HINTS", 1)
{
	Scope (\_SB)
	{
		Device (NVDR)
		{
			Name (_HID, "ACPI0012")

			/* Implements functions 0 and 1. Function 1, SMART, returns the number of unsafe shutdowns. */
			Name (SMBF, Buffer (132) { })
			Method (SMRT, 3, Serialized)
			{
				CreateDWordField (SMBF, 4, FLAG)
				CreateByteField (SMBF, 13, SPAR)
				CreateWordField (SMBF, 16, TEMP)
				CreateDWordField (SMBF, 20, CNT)
				If ((Arg0 == ToUUID ("4309ac30-0d11-11e4-9191-0800200c9a66")))
				{
					If ((Arg1 == Zero))
					{
						Return (Buffer (One) { 0x03 })
					}
					If ((Arg1 == One))
					{
						/* valid: health, spares, temperature, state, count */
						FLAG = 0x042B
						SPAR = 75
						TEMP = 368
						CNT = Arg2
						Return (SMBF)
					}
				}
				Return (Buffer (One) { 0x00 })
			}

			Device (NV01)
			{
				Name (_ADR, One)
				Method (_DSM, 4, NotSerialized)
				{
					Return (SMRT (Arg0, Arg2, 7))
				}
			}

			Device (NV02)
			{
				Name (_ADR, 2)
				Method (_DSM, 4, NotSerialized)
				{
					Return (SMRT (Arg0, Arg2, 35))
				}
			}
		}
	}
}
